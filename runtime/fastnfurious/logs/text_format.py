"""Lines for people: aligned, and coloured on a terminal that shows colours."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import TextIO

import orjson

from fastnfurious.logs.line import ACCESS, Line
from fastnfurious.logs.plain import PlainValue

__all__ = ["TextFormat", "is_terminal", "wants_colour"]

_DIM = "\x1b[2m"
_RESET = "\x1b[0m"
_COLOURS = {
    "TRACE": _DIM,
    "DEBUG": "\x1b[36m",
    "INFO": "\x1b[32m",
    "SUCCESS": "\x1b[1;32m",
    "WARNING": "\x1b[33m",
    "ERROR": "\x1b[31m",
    "CRITICAL": "\x1b[1;37;41m",
}
_LEVEL_WIDTH = 8
_LOGGER_WIDTH = 28
_SHORT_ID = 8
# A line must not be able to clear the screen of whoever reads it, nor to look like another line.
_CONTROL = {
    code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code not in (9, 10)
}
_BARE = re.compile(r"[^\s\"'=\\{}\[\],]+")


def is_terminal(stream: TextIO) -> bool:
    """Return whether somebody is watching the stream."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def wants_colour(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether text on this stream is to be coloured.

    ``NO_COLOR`` switches colours off, ``FORCE_COLOR`` on, in this order; otherwise a terminal that
    is not ``dumb`` gets them.

    *Source:* https://no-color.org and https://force-color.org.
    """
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return is_terminal(stream) and environment.get("TERM") != "dumb"


class TextFormat:
    """Write a line as text.

    Args:
        colour: Whether to colour it.
    """

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour

    def __call__(self, line: Line) -> bytes:
        """Return a line in UTF-8 with a newline at its end."""
        parts = [
            self._painted(line["time"][:23] + "Z", _DIM),
            self._painted(f"{line['level']:<{_LEVEL_WIDTH}}", _COLOURS.get(line["level"], "")),
            self._painted(f"{_where(line):<{_LOGGER_WIDTH}}", _DIM),
            _escaped(line["message"]).rstrip().replace("\n", "\n  "),
        ]
        parts += [f"{self._painted(key + '=', _DIM)}{value}" for key, value in _pairs(line)]
        if line["request_id"]:
            short = _escaped(line["request_id"][:_SHORT_ID]).replace("\n", "\\n")
            parts.append(self._painted(f"request={short}", _DIM))
        if line["exception"]:
            parts[-1] += "\n" + _escaped(line["exception"]["trace"])
        return (" ".join(parts) + "\n").encode("utf-8", "backslashreplace")

    def _painted(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colour and colour else text


def _where(line: Line) -> str:
    source = line["source"]
    where = f"{line['logger']}:{source['line']}" if source else line["logger"]
    where = _escaped(where).replace("\n", "\\n")
    return where if len(where) <= _LOGGER_WIDTH else "…" + where[1 - _LOGGER_WIDTH :]


def _pairs(line: Line) -> Iterator[tuple[str, str]]:
    # The message of an access line says all of it.
    if line["logger"] == ACCESS:
        return
    for key, value in line["extra"].items():
        yield _escaped(key).replace("\n", "\\n"), _shown(value)


def _shown(value: PlainValue) -> str:
    if isinstance(value, str) and _BARE.fullmatch(value):
        return _escaped(value)
    # A text with blanks in quotes, a container in one line.
    return _escaped(orjson.dumps(value).decode())


def _escaped(text: str) -> str:
    return text.translate(_CONTROL) if not text.isprintable() else text
