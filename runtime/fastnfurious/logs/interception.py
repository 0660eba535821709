"""Taking over every way in which this process logs, and giving it back without a trace.

loguru, ``logging`` and ``warnings`` belong to the process, not to an application. So there is one
stack here: the application that was installed last gets every line.

For the standard library two methods are replaced, in place of adding a handler and hunting down
those of others: `logging.Logger.callHandlers`, through which each record passes exactly once
whatever the handlers and ``propagate`` of its logger are, and `logging.Handler.handle`, where the
handlers that write to the terminal stay silent. Configuration that comes later, of the server or of
a migration tool, can therefore neither repeat a line nor lose one; handlers that write elsewhere
(files, test runners, exporters) go on as before.
"""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, TextIO, cast

from loguru import logger

from fastnfurious.logs import uncaught

if TYPE_CHECKING:
    from loguru import Record

__all__ = ["Receiver", "flush", "install", "refresh", "remove"]


class Receiver(Protocol):
    """Gets every line while it is the last that was installed."""

    @property
    def lowest(self) -> int:
        """Return the level number below which no line of loguru is wanted."""
        ...

    def stdlib_levels(self) -> Mapping[str, int]:
        """Return the level number of each logger of the standard library that is to be set."""
        ...

    def receive_loguru(self, record: Record) -> None:
        """Write a record of loguru; never raise."""
        ...

    def receive_logging(self, record: logging.LogRecord) -> None:
        """Write a record of the standard library; never raise."""
        ...

    def flush(self) -> None:
        """Write what is held back; never raise."""
        ...


def install(receiver: Receiver, *, beneath: bool = False) -> None:
    """Hand every line to a receiver from now on.

    Args:
        receiver: Who gets them; one that is installed already stays where it is.
        beneath: Put it under the others: it gets the lines when nobody else is installed.
    """
    if receiver not in _receivers:
        if not _receivers:
            _take()
        _receivers.insert(0 if beneath else len(_receivers), receiver)
    refresh()


def remove(receiver: Receiver) -> None:
    """Hand the lines to the receiver installed before; after the last one all is as it was."""
    if receiver not in _receivers:
        return
    _receivers.remove(receiver)
    if _receivers:
        refresh()
    else:
        _give_back()


def refresh() -> None:
    """Apply the levels of the receiver, after one of them has changed."""
    if _receivers:
        _stdlib_levels.apply(_receivers[-1].stdlib_levels())
        _loguru.set_level(_receivers[-1].lowest)


def flush() -> None:
    """Have every receiver write what it holds back."""
    for receiver in tuple(_receivers):
        receiver.flush()


class _StdlibLevels:
    """Set levels of the standard library's loggers and put back the earlier ones."""

    def __init__(self) -> None:
        self._before: dict[str, int] = {}

    def apply(self, levels: Mapping[str, int]) -> None:
        self.restore()
        for name, level in levels.items():
            self._before[name] = logging.getLogger(name).level
            logging.getLogger(name).setLevel(level)

    def restore(self) -> None:
        for name, level in self._before.items():
            logging.getLogger(name).setLevel(level)
        self._before.clear()


class _Loguru:
    """Have loguru hand its records to us, and to no terminal.

    loguru has no public way to take a sink away and put the same one back, nor to change the level
    of one; without a level, each line that nobody wants would cost as much as one that is written.
    """

    def __init__(self) -> None:
        self._core = cast(Any, logger)._core
        self._id: int | None = None
        self._silenced: dict[int, Any] = {}

    def take(self) -> None:
        # Lines are taken in the filter, which runs before loguru takes the sink's lock. In a sink,
        # an object that logs while it is turned into text would be refused.
        self._id = logger.add(_discard, level=0, format="", filter=_on_loguru)
        with self._core.lock:
            handlers = self._core.handlers
            self._silenced = {
                number: handler
                for number, handler in handlers.items()
                if _is_console(getattr(handler._sink, "_stream", None))
            }
            self._replace({n: h for n, h in handlers.items() if n not in self._silenced})

    def give_back(self) -> None:
        with self._core.lock:
            handlers = {**self._silenced, **self._core.handlers}
            handlers.pop(self._id, None)
            self._replace(dict(sorted(handlers.items())))
        self._id, self._silenced = None, {}

    def set_level(self, number: int) -> None:
        with self._core.lock:
            handler = self._core.handlers.get(self._id)
            if handler is not None:  # somebody may have called logger.remove()
                handler._levelno = number
            self._replace(self._core.handlers)

    def _replace(self, handlers: dict[int, Any]) -> None:
        numbers = (handler.levelno for handler in handlers.values())
        self._core.min_level = min(numbers, default=float("inf"))
        self._core.handlers = handlers


class _Method:
    """A method of ``logging`` that a function of ours stands in for.

    Another library may wrap our function and stay when we leave. Taking over again then puts ours
    in the chain twice, so a call that comes round once more goes to the library's own method.
    """

    def __init__(self, owner: type, name: str) -> None:
        self._owner = owner
        self._name = name
        self._own = self._next = getattr(owner, name)
        self._earlier: list[Any] = []
        self._inside = threading.local()

    def replace(self, function: object) -> None:
        current = getattr(self._owner, self._name)
        if current is not function:
            self._earlier.append(self._next)
            self._next = current
            setattr(self._owner, self._name, function)

    def give_back(self, function: object) -> None:
        if getattr(self._owner, self._name) is function:
            setattr(self._owner, self._name, self._next)
            self._next = self._earlier.pop()

    def comes_round(self, target: object, record: object) -> bool:
        return (id(target), id(record)) in self._calls()

    def call_own(self, target: object, record: object) -> Any:
        return self._own(target, record)

    def call_next(self, target: object, record: object) -> Any:
        calls, call = self._calls(), (id(target), id(record))
        calls.add(call)
        try:
            return self._next(target, record)
        finally:
            calls.discard(call)

    def _calls(self) -> set[tuple[int, int]]:
        calls: set[tuple[int, int]] | None = getattr(self._inside, "calls", None)
        if calls is None:
            calls = self._inside.calls = set()
        return calls


_receivers: list[Receiver] = []
_stdlib_levels = _StdlibLevels()
_loguru = _Loguru()
_call_handlers = _Method(logging.Logger, "callHandlers")
_handle = _Method(logging.Handler, "handle")
_show_warning = warnings.showwarning


def _take() -> None:
    _call_handlers.replace(_on_logging)
    _handle.replace(_on_handler)
    warnings.showwarning = _on_warning
    _loguru.take()
    uncaught.take()


def _give_back() -> None:
    _call_handlers.give_back(_on_logging)
    _handle.give_back(_on_handler)
    if warnings.showwarning is _on_warning:
        warnings.showwarning = _show_warning
    uncaught.give_back()
    _loguru.give_back()
    _stdlib_levels.restore()


def _on_logging(self: logging.Logger, record: logging.LogRecord) -> None:
    if _call_handlers.comes_round(self, record):
        _call_handlers.call_own(self, record)
        return
    if _receivers:
        _receivers[-1].receive_logging(record)
    _call_handlers.call_next(self, record)


def _on_handler(self: logging.Handler, record: logging.LogRecord) -> Any:
    if _handle.comes_round(self, record):
        return _handle.call_own(self, record)
    if _receivers and _is_console(_stream_of(self)):
        return False
    return _handle.call_next(self, record)


def _on_loguru(record: Record) -> bool:
    if _receivers:
        _receivers[-1].receive_loguru(record)
    return False


def _discard(message: str) -> None:
    """Take the place of the sink; nothing gets past the filter."""


def _on_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Log a warning under ``py.warnings``, as ``logging.captureWarnings`` does.

    That one names itself as the place of every warning; this one names the line warned about.
    """
    if file is not None or not _receivers:
        _show_warning(message, category, filename, lineno, file, line)
        return
    target = logging.getLogger("py.warnings")
    if target.isEnabledFor(logging.WARNING):
        extra = {"category": category.__name__}
        place = ("py.warnings", logging.WARNING, filename, lineno)
        target.handle(target.makeRecord(*place, str(message), (), None, "", extra))


def _stream_of(handler: logging.Handler) -> object:
    # The second is how handlers of rich, which is no StreamHandler, know their terminal.
    return getattr(handler, "stream", None) or getattr(
        getattr(handler, "console", None), "file", None
    )


def _is_console(stream: object) -> bool:
    if stream is None:
        return False
    if any(stream is own for own in (sys.stderr, sys.stdout, sys.__stderr__, sys.__stdout__)):
        return True
    try:
        return cast(TextIO, stream).fileno() in (1, 2)
    except (AttributeError, OSError, ValueError, TypeError):
        return False
