"""Logs of one application: settings in, every line of the process out."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TextIO

from fastnfurious.core.clock import Clock
from fastnfurious.core.errors import is_logged
from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.logs import interception
from fastnfurious.logs.access import AccessLog
from fastnfurious.logs.journal import Formatter, Journal
from fastnfurious.logs.json_format import format_json
from fastnfurious.logs.levels import OFF, ROOT, Levels, level_name
from fastnfurious.logs.line import ACCESS, Line, LineFactory
from fastnfurious.logs.output import Output
from fastnfurious.logs.redaction import Redactor, Secret
from fastnfurious.logs.settings import LogFormat, LogSettings
from fastnfurious.logs.text_format import TextFormat, is_terminal, wants_colour

if TYPE_CHECKING:
    from loguru import Record

__all__ = ["Logs"]

_SERVER = ("uvicorn", "uvicorn.error", "uvicorn.asgi")
_SERVER_ACCESS = "uvicorn.access"
_SERVER_ERRORS = "uvicorn.error"


class Logs:
    """Write every line of the process in one shape.

    Lines of loguru, ``logging``, ``warnings`` and the server are taken over by `install` (or
    `open`) and given back by `aclose`.

    Args:
        settings: How much is logged, and in which form.
        service: Names the service in each line; its secrets are redacted, as are those of
            ``settings``.
        clock: Time to write in place of the machine's.
        stream: Where to write in place of the stream that the settings name.

    Example:
        >>> import io
        >>> from loguru import logger
        >>> page = io.StringIO()
        >>> logs = Logs(LogSettings(format="text"), FastNFuriousSettings(), stream=page)
        >>> logs.install()
        >>> logger.info("Order placed", order=7)
        >>> logs.restore()
        >>> page.getvalue().endswith("Order placed order=7\\n")
        True
    """

    name = "logs"

    def __init__(
        self,
        settings: LogSettings,
        service: FastNFuriousSettings,
        *,
        clock: Clock | None = None,
        stream: TextIO | None = None,
    ) -> None:
        self.settings = settings
        self._redactor = Redactor(settings, service)
        self._lines = LineFactory(service, self._redactor, clock)
        self._levels = Levels(settings.level, settings.levels)
        self._output = Output(stream, settings.stream)
        self._installed = self._nested = False
        self.access = AccessLog(
            self._lines,
            self.flush,
            limit=settings.access_buffer,
            seconds=settings.access_flush_seconds,
            clock=clock,
        )
        self._journal = self._new_journal(format_json)

    def install(self, *, beneath: bool = False) -> None:
        """Take over every line of the process; calling it again only re-applies the levels.

        Args:
            beneath: Only get the lines while no other application has installed its logs.
        """
        if not self._installed:
            self._installed = True
            self._journal = self._new_journal(_formatter(self.settings, self._output))
            atexit.register(self.restore)
        self._apply_access_level()
        interception.install(self, beneath=beneath)

    def restore(self) -> None:
        """Write what is held back and give loguru, ``logging`` and ``warnings`` back."""
        if not self._installed:
            return
        self._installed = self._nested = False
        self._apply_access_level()
        self.access.stop()
        interception.remove(self)
        atexit.unregister(self.restore)

    async def open(self) -> None:
        """Install the logs, unless somebody has, who then also restores them."""
        self._nested = self._installed
        self.install()

    async def aclose(self) -> None:
        """Write what is held back; undo `open`, or `install` when there was no `open`."""
        if self._nested:
            self._nested = False
            self.flush()
        else:
            self.restore()

    def flush(self) -> None:
        """Write the lines that are held back, now."""
        self._journal.write()

    def levels(self) -> dict[str, str]:
        """Return logger → level, for each logger with a level of its own; ``root`` for the others.

        Loggers whose level was set by a library are listed, too: they explain missing lines.
        """
        known = {ROOT: self._levels.numbers[ROOT], **_stdlib_levels(), **self._levels.numbers}
        return {logger: level_name(known[logger]) for logger in [ROOT, *sorted(known)]}

    def set_level(self, logger: str, level: str) -> None:
        """Change the level of a logger and those below it, at once.

        Args:
            logger: Dotted name of a module or logger; ``"root"`` for all without their own level.
            level: ``TRACE``, ``DEBUG``, ``INFO``, ``SUCCESS``, ``WARNING``, ``ERROR``,
                ``CRITICAL`` or ``OFF``; ``NOTSET`` makes the logger follow its parent again.

        Raises:
            ConfigurationError: No level has that name.
        """
        self._levels.set(logger, level)
        self._apply_access_level()
        interception.refresh()

    def redact(self, *secrets: Secret) -> None:
        """Keep secrets out of all lines from now on.

        Args:
            *secrets: Texts, or settings, of which every ``SecretStr`` is taken.
        """
        self._redactor.add(*secrets)

    @property
    def lowest(self) -> int:
        """Return the level number below which no line of loguru is wanted."""
        return self._levels.lowest

    def stdlib_levels(self) -> Mapping[str, int]:
        """Return the level number of each logger of the standard library that is to be set."""
        # The server gives its loggers levels of their own; they are to follow ours.
        server = dict.fromkeys(_SERVER, logging.NOTSET)
        access = {_SERVER_ACCESS: OFF if self.settings.access else logging.NOTSET}
        return {**server, **access, **self._levels.numbers}

    def receive_loguru(self, record: Record) -> None:
        """Write a record of loguru."""
        name = record["name"] or ""
        if record["level"].no >= self._levels.threshold(name):
            self._write(name, lambda: self._lines.from_loguru(record))

    def receive_logging(self, record: logging.LogRecord) -> None:
        """Write a record of the standard library, which has judged its level already."""
        if not _is_second_report(record):
            self._write(record.name, lambda: self._lines.from_logging(record))

    def _write(self, logger: str, make: Callable[[], Line]) -> None:
        try:
            line = make()
        except Exception as error:
            line = self._lines.failure(logger, error)
        self._journal.write(line)

    def _apply_access_level(self) -> None:
        wanted = self._installed and self.settings.access
        self.access.threshold = self._levels.threshold(ACCESS) if wanted else OFF

    def _new_journal(self, format: Formatter) -> Journal:
        return Journal(format, self._output, held=self.access.drain, forget=self.access.forget)


def _formatter(settings: LogSettings, output: Output) -> Formatter:
    stream = output.stream
    terminal = stream is not None and is_terminal(stream)
    auto = LogFormat.TEXT if terminal else LogFormat.JSON
    chosen = auto if settings.format is LogFormat.AUTO else settings.format
    if chosen is LogFormat.JSON:
        return format_json
    return TextFormat(colour=stream is not None and wants_colour(stream))


def _stdlib_levels() -> dict[str, int]:
    loggers = list(logging.root.manager.loggerDict.items())
    return {
        name: found.level
        for name, found in loggers
        if isinstance(found, logging.Logger) and found.level != logging.NOTSET
    }


def _is_second_report(record: logging.LogRecord) -> bool:
    """Return whether the server reports an exception that a line already tells of."""
    if record.name != _SERVER_ERRORS or not record.exc_info:
        return False
    error = record.exc_info[1]
    return error is not None and is_logged(error)
