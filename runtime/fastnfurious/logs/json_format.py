"""Lines for machines: one JSON object each."""

from __future__ import annotations

from typing import Any, cast

import orjson

from fastnfurious.logs.line import Line
from fastnfurious.logs.plain import plain

__all__ = ["format_json"]


def format_json(line: Line) -> bytes:
    """Return a line as one JSON object in UTF-8 with a newline at its end, whatever it holds."""
    try:
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # The names of loggers, files and functions are not checked on the way here; they are
        # only odd when somebody wants them to be.
        safe = cast(Any, plain(line))
        return orjson.dumps(safe, option=orjson.OPT_APPEND_NEWLINE)
