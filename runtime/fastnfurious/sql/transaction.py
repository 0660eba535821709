"""A transaction: all of what happens in it, or nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol, Self

from fastnfurious.sql.rows import Rows, Source
from fastnfurious.sql.statement import Statement

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from sqlalchemy import Executable

    from fastnfurious.sql.values import Parameters

__all__ = ["Transaction", "TransactionSource"]


class TransactionSource(Source, Protocol):
    """What a transaction runs its statements on."""

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """Undo what happens in a block when it fails, and nothing before it."""
        ...


class Transaction:
    """Run statements that belong together; made by ``app.db.transaction()``.

    One statement runs after another: a transaction has a single connection.
    """

    __slots__ = ("_source",)

    def __init__(self, source: TransactionSource) -> None:
        self._source = source

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
        return Rows(self._source, Statement(statement, parameters, timeout))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Self]:
        """Undo what happens in an ``async with`` block when it fails, and nothing before it."""
        async with self._source.savepoint():
            yield self
