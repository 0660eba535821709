"""The reference of the command line, made from the commands at build time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from typer.main import get_command

from fastnfurious.cli.program import build_program

__all__ = ["MARKER", "commands", "tables"]

MARKER = "<!-- the commands -->"
"""Stands in ``reference/cli.md`` where the sections go."""


def commands() -> dict[str, Any]:
    """Return the commands that every service has, by name, in the order of the help."""
    group: Any = get_command(build_program())
    return dict(group.commands)


def tables() -> str:
    """Return one section for each command, with a table of its options."""
    return "\n\n".join(_section(name, found) for name, found in commands().items())


def _section(name: str, command: Any) -> str:
    head = f"## {name}\n\n{command.help}"
    rows = [_row(option) for option in command.params]
    if not rows:
        return head
    return "\n".join([head, "", "| option | what it does |", "| --- | --- |", *rows])


def _row(option: Any) -> str:
    names: Iterable[str] = (*option.opts, *option.secondary_opts)
    value = f" {option.metavar}" if option.metavar else ""
    shown = ", ".join(f"`{name}{value}`" for name in names)
    return f"| {shown} | {_cell(option.help)} |"


def _cell(text: str) -> str:
    """Return a help text with what stands in brackets, variable and default, as code."""
    sentence, bracket, rest = text.replace("|", "\\|").partition(" [")
    variable, default, value = rest.rstrip("]").partition("; default: ")
    extra = f" `{variable}`" if bracket else ""
    return sentence + extra + (f", default `{value}`" if default else "")
