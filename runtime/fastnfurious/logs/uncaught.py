"""Exceptions that nobody caught: lines of the log in place of text between them.

Python prints such an exception to the standard error stream over many lines, with whatever secrets
it holds. Hooks that somebody else has set, a test runner or an error tracker, are left alone.
"""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from sys import UnraisableHookArgs
    from threading import ExceptHookArgs

__all__ = ["give_back", "take"]


class _Details(TypedDict):
    exc_info: BaseException | None
    extra: dict[str, object]


_logger = logging.getLogger(__name__)


def take() -> None:
    """Log exceptions that would end the process or a thread, or be ignored by Python."""
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _in_process
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _in_thread
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _ignored


def give_back() -> None:
    """Let Python print them again."""
    if sys.excepthook is _in_process:
        sys.excepthook = sys.__excepthook__
    if threading.excepthook is _in_thread:
        threading.excepthook = threading.__excepthook__
    if sys.unraisablehook is _ignored:
        sys.unraisablehook = sys.__unraisablehook__


def _in_process(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    _logger.critical("An exception that nobody caught ends the process", exc_info=error)


def _in_thread(args: ExceptHookArgs) -> None:
    if issubclass(args.exc_type, SystemExit):
        return
    name = args.thread.name if args.thread else "unknown"
    _logger.error("An exception that nobody caught ends a thread", **_about(args, thread_name=name))


def _ignored(args: UnraisableHookArgs) -> None:
    message = args.err_msg or "An exception was ignored, because nobody could have caught it"
    _logger.error(message, **_about(args, object=args.object))


def _about(args: ExceptHookArgs | UnraisableHookArgs, **extra: object) -> _Details:
    error = args.exc_value
    if error is not None:
        error = error.with_traceback(args.exc_traceback)
    return {"exc_info": error, "extra": extra}
