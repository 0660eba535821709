"""Doubles for tests: the embedded database, which also remembers statements and fails on demand."""

from __future__ import annotations

from pathlib import Path

from fastnfurious.core.settings import Environment, FastNFuriousSettings
from fastnfurious.sql.integration import SqlIntegration
from fastnfurious.sql.settings import SqlSettings
from fastnfurious.sql.statement import Statement

__all__ = ["RecordedDatabase"]


class RecordedDatabase:
    """Remember every statement, and fail when told to.

    It is the embedded database with a new file, so what works on it works on the real one.

    Args:
        folder: Where the file is created.

    Attributes:
        statements: The statements that were run, in order, with their values.
        integration: What takes the place of the application's integration.

    Example:
        >>> import asyncio, tempfile
        >>> async def ask() -> object:
        ...     recorded = RecordedDatabase(Path(tempfile.mkdtemp()))
        ...     answer = await recorded.database.execute("SELECT 1 AS one").scalar()
        ...     await recorded.integration.aclose()
        ...     return answer, [statement.sql for statement in recorded.statements]
        >>> asyncio.run(ask())
        (1, ['SELECT 1 AS one'])
    """

    def __init__(self, folder: Path) -> None:
        settings = SqlSettings(mode="embedded", file=folder / "database.sqlite3")
        service = FastNFuriousSettings(environment=Environment.TEST)
        self.integration = SqlIntegration(settings, service)
        self.statements: list[Statement] = []
        self._faults: list[tuple[str, BaseException]] = []
        self.database = self.integration.resource
        self.database.intercept = self._record

    def fail(self, error: BaseException, *, when: str = "") -> None:
        """Raise an error in the place of the next statement that contains a text.

        Args:
            error: What to raise, for example a `DatabaseUnavailable`.
            when: The text; by default any statement.
        """
        self._faults.append((when, error))

    def _record(self, statement: Statement) -> None:
        self.statements.append(statement)
        for fault in self._faults:
            if fault[0] in str(statement.sql):
                self._faults.remove(fault)
                raise fault[1]
