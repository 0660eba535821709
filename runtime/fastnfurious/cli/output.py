"""Writing for people: pretty on a terminal, plain when piped."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

__all__ = ["complain", "is_terminal", "print_table"]


def complain(program: str, lines: Iterable[str]) -> None:
    """Write each line to stderr, after the program's name."""
    for line in lines:
        print(f"{program}: {line}", file=sys.stderr)


def is_terminal(stream: TextIO) -> bool:
    """Return whether a person reads the stream on a terminal."""
    return stream.isatty()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table to stdout: with lines and colours on a terminal, aligned text otherwise."""
    if is_terminal(sys.stdout):
        _print_pretty(columns, list(rows))
        return
    for line in _plain([columns, *rows]):
        print(line)


def _print_pretty(columns: Sequence[str], rows: list[Sequence[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def _plain(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
