"""The rows of a statement, which runs when they are asked for."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Generator
from dataclasses import dataclass
from typing import Any, Protocol

from fastnfurious.sql.statement import Statement
from fastnfurious.sql.values import Row

__all__ = ["Answer", "Rows", "Source"]


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold what a statement gave.

    Attributes:
        rows: Its rows.
        changed: How many rows it changed, or gave.
    """

    rows: list[Row]
    changed: int


class Source(Protocol):
    """What runs a statement: a database, or a transaction."""

    async def run(self, statement: Statement) -> Answer:
        """Run a statement and return all that it gives."""
        ...

    def stream(self, statement: Statement) -> AsyncIterator[Row]:
        """Run a statement and return its rows as they arrive."""
        ...


class Rows:
    """Ask for the rows in the shape that fits; each question runs the statement.

    ``await rows`` runs the statement for its effect, and returns how many rows it changed
    or gave. ``async for`` reads row by row, so that a large result never is in memory as a whole.

    Args:
        source: What runs the statement.
        statement: The statement.
    """

    __slots__ = ("_asked", "_source", "_statement")

    def __init__(self, source: Source, statement: Statement) -> None:
        self._source = source
        self._statement = statement
        self._asked = False

    async def all(self) -> list[Row]:
        """Return every row, as a list of dictionaries."""
        return (await self._run()).rows

    async def first(self) -> Row | None:
        """Return the first row; ``None`` when there is none."""
        rows = (await self._run()).rows
        return rows[0] if rows else None

    async def scalar(self) -> Any:
        """Return the first column of the first row; ``None`` when there is no row."""
        row = await self.first()
        return None if row is None else next(iter(row.values()))

    def __await__(self) -> Generator[Any, None, int]:
        """Run the statement; return how many rows it changed, or gave."""
        return self._changed().__await__()

    def __aiter__(self) -> AsyncIterator[Row]:
        """Return the rows as they arrive."""
        self._asked = True
        return self._source.stream(self._statement)

    def __del__(self) -> None:
        """Warn of a statement that nobody asked for, because it has not run."""
        if not getattr(self, "_asked", True):
            text = self._statement.text
            warnings.warn(f"not run, because it was not awaited: {text}", RuntimeWarning, 2)

    async def _changed(self) -> int:
        return (await self._run()).changed

    async def _run(self) -> Answer:
        self._asked = True
        return await self._source.run(self._statement)
