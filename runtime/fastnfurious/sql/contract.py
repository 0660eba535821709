"""What a database promises, whichever it is."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sqlalchemy import Executable

    from fastnfurious.sql.rows import Rows
    from fastnfurious.sql.transaction import Transaction
    from fastnfurious.sql.values import Parameters

__all__ = ["Database"]


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
