"""From an exception to what a person reads: one line for each fault, and an exit code."""

from __future__ import annotations

import os
import sysconfig
import traceback
from pathlib import Path

from fastnfurious.cli.exit_codes import ExitCode
from fastnfurious.core.errors import (
    ConfigurationError,
    FastNFuriousError,
    SettingsError,
    StartupError,
)

__all__ = ["BrokenImport", "exit_code", "explain", "place"]

_RUNTIME = Path(__file__).resolve().parent.parent
_LIBRARIES = tuple(
    sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")
)


class BrokenImport(ConfigurationError):
    """Say where a service's own code failed while it was imported."""

    def __init__(self, module: str, error: BaseException) -> None:
        super().__init__(f"{module} could not be imported: {_named(error)}")


def explain(error: BaseException) -> list[str]:
    """Return an error as readable lines, one for each fault."""
    if isinstance(error, SettingsError):
        return [str(fault) for fault in error.faults]
    if isinstance(error, FastNFuriousError):
        return [_one_line(str(error))]
    return [_named(error)]


def exit_code(error: BaseException) -> ExitCode:
    """Return the exit code that an error ends a command with."""
    if isinstance(error, ConfigurationError):
        return ExitCode.USAGE
    return ExitCode.STARTUP if isinstance(error, StartupError) else ExitCode.FAILED


def place(error: BaseException) -> str | None:
    """Return ``file:line`` of the service's own code where an error came from.

    Frames of the standard library, of installed packages and of this library are passed over;
    when nothing else is left, the innermost frame counts.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_short(error.filename)}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return None
    own = [frame for frame in frames if _is_own(frame.filename)]
    frame = (own or list(frames))[-1]
    return f"{_short(frame.filename)}:{frame.lineno}"


def _named(error: BaseException) -> str:
    what = error.msg if isinstance(error, SyntaxError) else str(error)
    where = place(error)
    described = f"{type(error).__name__}: {what}" if what else type(error).__name__
    return _one_line(described) + (f" ({where})" if where else "")


def _is_own(filename: str) -> bool:
    if filename.startswith("<"):
        return False
    return not filename.startswith(_LIBRARIES) and _RUNTIME not in Path(filename).parents


def _short(filename: str) -> str:
    path, here = Path(filename), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else filename


def _one_line(text: str) -> str:
    return " ".join(text.split())
