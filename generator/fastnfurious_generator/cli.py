"""The ``fastnfurious`` command: `new` renders a service, `add` adds to it, `demo` shows one."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.main import get_command

from fastnfurious import __version__
from fastnfurious.core.errors import FastNFuriousError

__all__ = ["add", "demo", "main", "new", "run"]

_NAME = "fastnfurious"
_EXTRA = ("copier", "invoke", "yaml")

program = typer.Typer(
    name=_NAME,
    help="Make Python microservices that are observable, tested and documented from the start.",
    add_completion=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run the command and end the process."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command line; whatever is wrong becomes one line on standard error.

    Returns:
        The exit code: 2 for a wrong answer or option, 130 after Ctrl-C.
    """
    command = get_command(program)
    try:
        return command.main([*arguments] or ["--help"], _NAME, standalone_mode=False) or 0
    except typer.TyperException as error:
        return _complain(f"{error.format_message()} (see {_NAME} --help)", error.exit_code)
    except FastNFuriousError as error:
        return _complain(str(error), 2)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        return _complain(f"{error.name} is missing: run `pip install 'fastnfurious[generator]'`", 2)


@program.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the service, for example my-service.")],
    kind: Annotated[str | None, typer.Option(help="Kind of service: http or nats.")] = None,
    integrations: Annotated[
        str | None,
        typer.Option("--with", metavar="NAMES", help="Backing services, such as nats,s3; '' none."),
    ] = None,
    description: Annotated[str | None, typer.Option(help="What it does, in a sentence.")] = None,
    author: Annotated[str | None, typer.Option(help="Who writes it.")] = None,
    email: Annotated[str | None, typer.Option(help="Their e-mail address.")] = None,
    ci: Annotated[str | None, typer.Option(help="Pipeline: github, gitlab or none.")] = None,
    source: Annotated[
        str | None,
        typer.Option(help="Where the library comes from: a folder, a wheel or git+https://…"),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any answer of the template; repeatable."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the service; by default its name, here."),
    ] = None,
    defaults: Annotated[bool, typer.Option("--defaults", help="Ask nothing.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write over the files of an existing folder.")
    ] = False,
) -> None:
    """Render a new service; in a terminal, ask for what the options leave open."""
    from fastnfurious_generator.rendering import render

    named = {
        "kind": kind,
        "integrations": integrations,
        "description": description,
        "author_name": author,
        "author_email": email,
        "ci": ci,
        "fastnfurious_source": source,
    }
    answers = _answers(name, named, settings or [])
    folder = output or Path(re.sub("[^a-z0-9]+", "-", name.lower()).strip("-") or "service")
    ask = not defaults and sys.stdin.isatty() and sys.stdout.isatty()
    try:
        render(folder, answers, ask=ask, overwrite=overwrite)
    except KeyboardInterrupt:
        raise typer.Exit(_complain("stopped; nothing was written", 130)) from None
    print(
        f"{folder} is ready. Next:\n\n    cd {folder}\n    inv install\n    inv test\n    inv start"
    )


@program.command()
def add(
    integrations: Annotated[
        list[str], typer.Argument(help="Backing services to add, for example nats s3.")
    ],
    service: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of the service; by default this one.")
    ] = Path(),
) -> None:
    """Give a service further backing services: libraries, settings and worked examples."""
    from fastnfurious_generator.addition import add_integrations

    changes = add_integrations(service, integrations)
    if not changes:
        print("The service has them already: nothing was changed.")
        return
    for change in changes:
        print("added  " if change.is_new else "changed", change.path)
    print("\nNext: inv install, then inv test")
    clashing = ", ".join(str(change.path) for change in changes if change.has_conflict)
    if clashing:
        message = f"both versions of some lines are in {clashing}: choose between them"
        raise typer.Exit(_complain(message, 1))


@program.command()
def demo(
    directory: Annotated[Path, typer.Argument(help="Folder to render the service into.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to serve on.")] = 8000,
) -> None:
    """Render a service with the default answers, install it, test it and serve it until Ctrl-C."""
    from fastnfurious_generator.demo import run_demo

    raise typer.Exit(run_demo(directory, port=port))


def _version(wanted: bool) -> None:
    if wanted:
        print(f"fastnfurious {__version__}")
        raise typer.Exit


@program.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def _answers(name: str, named: dict[str, str | None], pairs: list[str]) -> dict[str, object]:
    """Join the name, the options and the ``--set`` pairs; each answer may be given once."""
    from fastnfurious_generator.errors import AnswerError

    answers: dict[str, object] = {"project_name": name}
    answers |= {key: value for key, value in named.items() if value is not None}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise AnswerError(f"--set {pair!r} is not accepted: expected KEY=VALUE")
        if key in answers:
            raise AnswerError(f"{key} is answered twice: leave --set {pair!r} out")
        answers[key] = value
    return answers


def _complain(message: str, code: int) -> int:
    print(f"{_NAME}: {' '.join(message.split())}", file=sys.stderr)
    return code
