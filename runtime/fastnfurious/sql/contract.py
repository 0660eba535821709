"""What a database promises, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from sqlalchemy import Executable

    from fastnfurious.sql.rows import Rows
    from fastnfurious.sql.transaction import Transaction

__all__ = ["Database", "Parameters", "Row", "Violation"]

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


class Database(Protocol):
    """Run statements, one by one or in transactions.

    A statement outside a transaction is committed by itself. One that fails raises an error of
    `fastnfurious.sql.errors`, which never carries the statement's values in its message.
    """

    def execute(
        self,
        statement: str | Executable,
        parameters: Parameters | None = None,
        *,
        timeout: float | None = None,
    ) -> Rows:
        """Return the rows of a statement; it runs when they are awaited.

        Args:
            statement: SQL with ``:names`` for values, or a statement of SQLAlchemy.
            parameters: The values by name; a sequence runs the statement once for each.
            timeout: Seconds it may take; by default what the settings say.
        """
        ...

    def transaction(self, *, read_only: bool = False) -> AbstractAsyncContextManager[Transaction]:
        """Commit what happens in an ``async with`` block, or nothing of it when it fails.

        Args:
            read_only: Refuse changes; readers do not wait for each other.
        """
        ...
