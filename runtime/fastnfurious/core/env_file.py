"""The ``.env`` file: where it is, what it sets, and what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Self

from dotenv.main import resolve_variables
from dotenv.parser import Binding, parse_stream

from fastnfurious.core.errors import SettingFault

__all__ = ["ENV_FILE_VARIABLE", "EnvFile"]

ENV_FILE_VARIABLE = "ENV_FILE"
"""Variable that names the ``.env`` file to read; the default is ``.env`` in the working folder."""

_REMEDY = f"name a readable file, or unset {ENV_FILE_VARIABLE} to read .env where there is one"


@dataclass(frozen=True, slots=True)
class EnvFile:
    """Hold what a ``.env`` file sets.

    Attributes:
        path: Where it is.
        values: Variable, as written → value; empty when there is no file.
        faults: What is wrong with the file itself.

    Example:
        >>> EnvFile.parse("PORT=80\\nHOST", Path(".env")).values
        {'PORT': '80'}
    """

    path: Path
    values: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[SettingFault, ...] = ()

    @classmethod
    def read(cls) -> Self:
        """Read the file that ``ENV_FILE`` names, or ``.env`` if there is one.

        A file that was asked for by name and cannot be read is a fault; no exception is raised.
        """
        named = os.environ.get(ENV_FILE_VARIABLE)
        path = Path(named or ".env")
        # A virtual environment is sometimes called .env, so only a file is meant by the default.
        if not named and not path.is_file():
            return cls(path)
        try:
            return cls.parse(path.read_text(encoding="utf-8"), path)
        except FileNotFoundError:
            reason = "there is no such file"
        except UnicodeDecodeError:
            reason = "it is not text in UTF-8"
        except OSError as error:
            reason = f"it cannot be read ({(error.strerror or 'unknown reason').lower()})"
        return cls(path, faults=(_unreadable(path, reason, asked_for=bool(named)),))

    @classmethod
    def parse(cls, text: str, path: Path) -> Self:
        """Return what a text sets; a line that sets nothing becomes a fault."""
        bindings = list(parse_stream(StringIO(text)))
        faults = tuple(_line_fault(path, binding) for binding in bindings if binding.error)
        pairs = [(entry.key, entry.value) for entry in bindings if entry.key is not None]
        values = resolve_variables(pairs, override=True)
        return cls(path, {key: value for key, value in values.items() if value is not None}, faults)


def _unreadable(path: Path, reason: str, *, asked_for: bool) -> SettingFault:
    if asked_for:
        return SettingFault(ENV_FILE_VARIABLE, str(path), f"{reason}; {_REMEDY}")
    return SettingFault(path.name, None, "make it a readable text file", problem=f"fails: {reason}")


def _line_fault(path: Path, binding: Binding) -> SettingFault:
    # The line itself is not shown: it may hold a secret.
    where = f"{path.name}, line {binding.original.line},"
    return SettingFault(where, None, "expected NAME=value", problem="cannot be read")
