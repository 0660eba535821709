"""Recorded logs: what was logged during a test, and assertions on it that explain themselves."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any, Self

import orjson

from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.logs import interception
from fastnfurious.logs.integration import Logs
from fastnfurious.logs.journal import observers
from fastnfurious.logs.json_format import format_json
from fastnfurious.logs.line import Line
from fastnfurious.logs.settings import LogFormat, LogSettings

__all__ = ["RecordedLogs"]


class RecordedLogs:
    """Record each line that is logged inside a ``with`` block, as a dict in the shape of JSON.

    Lines of loguru, ``logging``, ``warnings`` and the access log are recorded. While an application
    runs, its own settings decide which lines there are; outside one, ``level`` does.

    Args:
        level: Level of all loggers while no application runs.

    Example:
        >>> from loguru import logger
        >>> with RecordedLogs() as logs:
        ...     logger.warning("Stock is low", item="apple")
        >>> logs.assert_logged("Stock", level="WARNING", item="apple")["message"]
        'Stock is low'
    """

    def __init__(self, level: str = "TRACE") -> None:
        settings = LogSettings.model_construct(level=level, format=LogFormat.JSON)
        service = FastNFuriousSettings.model_construct()
        self._logs = Logs(settings, service, stream=io.StringIO())
        self._records: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        """Start recording."""
        self._logs.install(beneath=True)
        observers.append(self._record)
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Stop recording; what was recorded stays."""
        interception.flush()
        observers.remove(self._record)
        self._logs.restore()

    def _record(self, line: Line) -> None:
        self._records.append(orjson.loads(format_json(line)))

    @property
    def records(self) -> list[dict[str, Any]]:
        """Return every line so far, oldest first."""
        interception.flush()
        return list(self._records)

    @property
    def messages(self) -> list[str]:
        """Return the message of every line so far."""
        return [record["message"] for record in self.records]

    def clear(self) -> None:
        """Forget the lines so far."""
        interception.flush()
        self._records.clear()

    def find(
        self,
        message: str | re.Pattern[str] | None = None,
        *,
        level: str | None = None,
        **fields: object,
    ) -> dict[str, Any] | None:
        """Return the first line that matches all that is given, or ``None``.

        Args:
            message: Part of the message, or a pattern to be found in it.
            level: Level, exactly.
            **fields: Fields of the line or of its ``extra``, exactly; for ``exception`` the type of
                the exception is enough, as a class or by name.
        """
        return next(iter(self.find_all(message, level=level, **fields)), None)

    def find_all(
        self,
        message: str | re.Pattern[str] | None = None,
        *,
        level: str | None = None,
        **fields: object,
    ) -> list[dict[str, Any]]:
        """Return every line that matches all that is given; see `find`."""
        wanted = {**fields, **({} if level is None else {"level": level.upper()})}
        return [
            record
            for record in self.records
            if _says(record, message) and all(_has(record, *field) for field in wanted.items())
        ]

    def assert_logged(
        self,
        message: str | re.Pattern[str] | None = None,
        *,
        level: str | None = None,
        **fields: object,
    ) -> dict[str, Any]:
        """Return the first line that matches; see `find`.

        Raises:
            AssertionError: None does; the message lists those that there are.
        """
        found = self.find(message, level=level, **fields)
        if found is None:
            wanted = _wanted(message, level, fields)
            raise AssertionError(f"No line was logged with {wanted}.\n{self._listed()}")
        return found

    def assert_not_logged(
        self,
        message: str | re.Pattern[str] | None = None,
        *,
        level: str | None = None,
        **fields: object,
    ) -> None:
        """Make sure that no line matches; see `find`.

        Raises:
            AssertionError: One does; the message shows it among the others.
        """
        found = self.find(message, level=level, **fields)
        if found is not None:
            wanted = _wanted(message, level, fields)
            raise AssertionError(
                f"A line was logged with {wanted}:\n{_shown(found)}\n{self._listed()}"
            )

    def _listed(self) -> str:
        if not self._records:
            return "Nothing was logged."
        lines = "\n".join(map(_shown, self._records))
        return f"These {len(self._records)} were logged:\n{lines}"


def _says(record: Mapping[str, Any], message: str | re.Pattern[str] | None) -> bool:
    if message is None:
        return True
    if isinstance(message, str):
        return message in record["message"]
    return message.search(record["message"]) is not None


def _has(record: Mapping[str, Any], name: str, value: object) -> bool:
    if name == "exception" and value is not None and not isinstance(value, Mapping):
        return _raised(record["exception"], value)
    found = record if name in record else record["extra"]
    return name in found and bool(found[name] == value)


def _raised(exception: Mapping[str, Any] | None, kind: object) -> bool:
    if exception is None:
        return False
    name = kind.__qualname__ if isinstance(kind, type) else str(kind)
    return str(exception["type"]) == name or str(exception["type"]).endswith(f".{name}")


def _wanted(
    message: str | re.Pattern[str] | None, level: str | None, fields: Mapping[str, object]
) -> str:
    given = {"message": message, "level": level, **fields}
    return ", ".join(f"{name}={value!r}" for name, value in given.items() if value is not None)


def _shown(record: Mapping[str, Any]) -> str:
    extra = " ".join(f"{name}={value!r}" for name, value in record["extra"].items())
    raised = f" [{record['exception']['type']}]" if record["exception"] else ""
    return (
        f"  {record['level']:<8} {record['logger']}: {record['message']} {extra}".rstrip() + raised
    )
