"""The program that a service's command runs."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer
from typer.main import get_command

from fastnfurious.cli.check import run_check
from fastnfurious.cli.config import show_config
from fastnfurious.cli.exit_codes import ExitCode
from fastnfurious.cli.failures import exit_code, explain
from fastnfurious.cli.groups import ServiceGroup
from fastnfurious.cli.openapi import show_openapi
from fastnfurious.cli.options import with_options
from fastnfurious.cli.output import complain, is_terminal
from fastnfurious.cli.routes import show_routes
from fastnfurious.cli.settings import ServerSettings
from fastnfurious.cli.start import start
from fastnfurious.cli.target import Target
from fastnfurious.cli.version import show_version

__all__ = ["build_program", "run"]

Debug = Annotated[
    bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere.")
]


def run(app: str, name: str | None, arguments: Sequence[str]) -> int:
    """Run a command line of a service; a failure becomes lines on stderr.

    Args:
        app: Where the application is, as ``module:attribute``.
        name: What the command is called; the service's package with dashes by default.
        arguments: The words after the command's name.

    Returns:
        The exit code.
    """
    target = Target.of(app, name)
    words = [word for word in arguments if word != "--debug"] or ["--help"]
    chosen = replace(target, debug=len(words) < len(arguments))
    try:
        program = get_command(build_program())
        result = program.main(words, chosen.program, standalone_mode=False, obj=chosen)
        return int(result or ExitCode.OK)
    except KeyboardInterrupt:
        return ExitCode.forced_by(2)
    except typer.TyperException as error:
        complain(chosen.program, [_usage(error)])
        return error.exit_code
    except Exception as error:
        if chosen.debug:
            traceback.print_exception(error)
        complain(chosen.program, explain(error))
        return exit_code(error)


def build_program() -> typer.Typer:
    """Return the commands that every service has, and those of its integrations."""
    # Without markup typer leaves out the frames, which are noise in a file or a pipe.
    program = typer.Typer(
        cls=ServiceGroup, rich_markup_mode="rich" if is_terminal(sys.stdout) else None
    )
    program.callback()(_root)
    program.command("start")(with_options(ServerSettings, start))
    program.command("check")(run_check)
    program.command("config")(show_config)
    program.command("routes")(show_routes)
    program.command("openapi")(show_openapi)
    program.command("version")(show_version)
    return program


def _root(debug: Debug = False) -> None:
    """Start the service, check it, look inside it."""


def _usage(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    hint = f" (see {context.command_path} --help)" if context is not None else ""
    return " ".join(error.format_message().split()) + hint
