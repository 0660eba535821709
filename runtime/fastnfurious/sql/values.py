"""What goes into a statement and comes out of it, and which rules a change may break."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeAlias

__all__ = ["Parameters", "Row", "Violation"]

Row: TypeAlias = dict[str, Any]
"""A row: the values by the names of their columns."""

Parameters: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""The values of a statement's ``:names``; a sequence runs the statement once for each."""


class Violation(StrEnum):
    """Which rule of the database a change would break."""

    UNIQUE = "unique"
    FOREIGN_KEY = "foreign key"
    NOT_NULL = "not null"
    CHECK = "check"
    OTHER = "other"
