"""One line of the log, in the shape that everything reads and writes.

*Source:* ``time`` follows RFC 3339, https://www.rfc-editor.org/rfc/rfc3339; ``trace_id`` and
``span_id`` are written as in W3C Trace Context, https://www.w3.org/TR/trace-context/.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from opentelemetry.trace import get_current_span

from fastnfurious.core.clock import Clock
from fastnfurious.core.context import request_id
from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.logs.levels import level_name
from fastnfurious.logs.plain import PlainValue, plain, text_of, unicode
from fastnfurious.logs.redaction import Redactor

if TYPE_CHECKING:
    from loguru import Record

__all__ = [
    "ACCESS",
    "AccessEntry",
    "ExceptionInfo",
    "Line",
    "LineFactory",
    "Source",
    "is_failure",
    "rfc3339",
]

_EPOCH = datetime(1970, 1, 1)

ACCESS = "fastnfurious.access"
"""Name of the logger that access lines are written under."""


class Source(TypedDict):
    """Say which line of code wrote the line."""

    file: str
    line: int
    function: str


class ExceptionInfo(TypedDict):
    """Describe an exception: its type, its message and the whole trace as text."""

    type: str
    message: str
    trace: str


class Line(TypedDict):
    """One line; every line has every key."""

    time: str
    level: str
    logger: str
    message: str
    service: str
    version: str
    environment: str
    request_id: str | None
    trace_id: str | None
    span_id: str | None
    source: Source | None
    extra: dict[str, PlainValue]
    exception: ExceptionInfo | None


class AccessEntry(NamedTuple):
    """What is kept of a request until its line is made; ``time`` is in seconds since 1970."""

    time: float
    request_id: str
    trace_id: str | None
    span_id: str | None
    method: str
    path: str
    route: str
    status: int
    duration: float
    client: str | None


def is_failure(status: int) -> bool:
    """Return whether a status says that the service failed.

    Args:
        status: HTTP status; of a websocket, its close code: 1011 is a failure of the server.
    """
    return 500 <= status < 1000 or status == 1011


class LineFactory:
    """Make lines of what loguru, ``logging`` and the middleware hand in.

    Args:
        service: Says which service it is that writes.
        redact: Takes secrets out of messages, extras and exceptions.
        clock: Time to write in place of the time that a record carries.
    """

    def __init__(
        self, service: FastNFuriousSettings, redact: Redactor, clock: Clock | None = None
    ) -> None:
        self._service = unicode(service.service_name)
        self._version = unicode(service.service_version)
        self._environment = service.environment.value
        self._redact = redact
        self._clock = clock

    def from_loguru(self, record: Record) -> Line:
        """Return the line of a record of loguru."""
        raised = record["exception"]
        return self._line(
            time=record["time"].timestamp(),
            level=record["level"].name,
            logger=record["name"] or "unknown",
            message=record["message"],
            source=Source(
                file=record["file"].path, line=record["line"], function=record["function"]
            ),
            extra=record["extra"],
            error=raised.value if raised else None,
        )

    def from_logging(self, record: logging.LogRecord) -> Line:
        """Return the line of a record of the standard library."""
        extra = {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
        if record.stack_info:
            extra["stack_info"] = record.stack_info
        return self._line(
            time=record.created,
            level=level_name(record.levelno),
            logger=record.name,
            message=_message(record),
            source=Source(file=record.pathname, line=record.lineno, function=record.funcName or ""),
            extra=extra,
            error=record.exc_info[1] if record.exc_info else None,
        )

    def from_access(self, entry: AccessEntry) -> Line:
        """Return the line of a request."""
        path = self._clean(entry.path)
        status, duration = entry.status, entry.duration
        return {
            "time": rfc3339(entry.time),
            "level": "ERROR" if is_failure(status) else "INFO",
            "logger": ACCESS,
            "message": f"{entry.method} {path} {status} in {duration * 1000:.1f} ms",
            "service": self._service,
            "version": self._version,
            "environment": self._environment,
            "request_id": entry.request_id,
            "trace_id": entry.trace_id,
            "span_id": entry.span_id,
            "source": None,
            "extra": {
                "method": entry.method,
                "path": path,
                "route": entry.route,
                "status": status,
                "duration": int(duration * 1_000_000 + 0.5)
                / 1_000_000,  # `round` is three times slower
                "client": entry.client,
            },
            "exception": None,
        }

    def failure(self, logger: str, error: BaseException) -> Line:
        """Return a line that stands in for one that could not be made."""
        return self._line(
            time=time.time(),
            level="ERROR",
            logger=logger,
            message="A log line could not be made; this is the reason",
            source=None,
            extra={},
            error=error,
        )

    def _line(
        self,
        *,
        time: float,
        level: str,
        logger: str,
        message: str,
        source: Source | None,
        extra: Mapping[str, object],
        error: BaseException | None,
    ) -> Line:
        trace_id, span_id = _trace()
        return {
            "time": rfc3339(self._clock.now().timestamp() if self._clock else time),
            "level": level,
            "logger": logger,
            "message": self._clean(message),
            "service": self._service,
            "version": self._version,
            "environment": self._environment,
            "request_id": request_id.get(),
            "trace_id": trace_id,
            "span_id": span_id,
            "source": source,
            "extra": self._plain(extra),
            "exception": None if error is None else self._described(error),
        }

    def _plain(self, extra: Mapping[str, object]) -> dict[str, PlainValue]:
        values = plain(extra, self._clean)
        # A mapping only comes back as a text when the interpreter is at the end of its stack.
        return values if isinstance(values, dict) else {"extra": values}

    def _clean(self, text: str) -> str:
        return self._redact(unicode(text))

    def _described(self, error: BaseException) -> ExceptionInfo:
        kind = type(error)
        name = kind.__qualname__
        return {
            "type": name if kind.__module__ == "builtins" else f"{kind.__module__}.{name}",
            "message": self._clean(text_of(error)),
            "trace": self._clean(_trace_text(error)),
        }


def rfc3339(time: float) -> str:
    """Return seconds since 1970 as a date and time in UTC, always to the microsecond.

    Example:
        >>> rfc3339(0.5)
        '1970-01-01T00:00:00.500000Z'
    """
    micros = round(time * 1_000_000)
    second = micros // 1_000_000
    return f"{_to_the_second(second)}.{micros - second * 1_000_000:06d}Z"


@lru_cache(maxsize=4)
def _to_the_second(second: int) -> str:
    """Return the part of a time that thousands of lines share; making it is slow."""
    return (_EPOCH + timedelta(seconds=second)).isoformat()


def _trace() -> tuple[str | None, str | None]:
    context = get_current_span().get_span_context()
    if not context.is_valid:
        return None, None
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"


def _message(record: logging.LogRecord) -> str:
    """Return the message; a line whose arguments do not fit its text is still worth reading."""
    try:
        return record.getMessage()
    except Exception:
        return f"{text_of(record.msg)} {plain(record.args)}"


def _trace_text(error: BaseException) -> str:
    try:
        lines = traceback.format_exception(type(error), error, error.__traceback__)
    except Exception as fault:
        return f"<{type(error).__name__}: {type(fault).__name__} when its trace was read>"
    return "".join(lines).rstrip()


# ``color_message`` is the server's own second copy of the message, for its terminal.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {
    "asctime",
    "color_message",
    "message",
    "taskName",
}
