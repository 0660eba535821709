"""Watching the statements that a session of SQLAlchemy makes up by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from fastnfurious.sql.limits import InterruptTimer
from fastnfurious.sql.observation import Begun, Observation
from fastnfurious.sql.settings import SqlSettings
from fastnfurious.sql.statement import Statement

__all__ = ["SessionWatch"]

_PREPARING = frozenset(("BEGIN", "PRAGMA", "SET"))
"""What we say to the database ourselves, around the statements of a session."""


@dataclass(frozen=True, slots=True)
class _Running:
    begun: Begun
    timer: InterruptTimer | None


class SessionWatch:
    """Observe and limit the statements of sessions as those of ``app.db.execute`` are.

    Args:
        observation: Where what is known about a statement goes.
        settings: How long a statement may take.
    """

    def __init__(self, observation: Observation, settings: SqlSettings) -> None:
        self._observation = observation
        self._seconds = settings.write_seconds
        self._running: WeakKeyDictionary[Connection, _Running] = WeakKeyDictionary()

    def watched(self, engine: AsyncEngine) -> AsyncEngine:
        """Return the engine for sessions; it shares the pool, and it alone is observed."""
        engine = engine.execution_options()
        event.listen(engine.sync_engine, "before_cursor_execute", self._before)
        event.listen(engine.sync_engine, "after_cursor_execute", self._after)
        event.listen(engine.sync_engine, "handle_error", self._failed)
        return engine

    async def limit(self, session: AsyncSession) -> None:
        """Tell a PostgreSQL how long each statement of a transaction may take."""
        if session.get_bind().dialect.name == "postgresql":
            milliseconds = max(1, int(self._seconds * 1000))
            await session.execute(text(f"SET LOCAL statement_timeout = {milliseconds}"))

    def _before(self, connection: Connection, cursor: object, sql: str, *unused: object) -> None:
        statement = Statement(sql)
        if statement.operation not in _PREPARING:
            begun = self._observation.begin(statement)
            self._running[connection] = _Running(begun, self._timer(connection))

    def _timer(self, connection: Connection) -> InterruptTimer | None:
        if connection.dialect.name != "sqlite":
            return None
        driver: Any = connection.connection.driver_connection
        return InterruptTimer(driver, self._seconds)

    def _after(self, connection: Connection, *unused: object) -> None:
        self._end(connection, None)

    def _failed(self, failure: ExceptionContext) -> None:
        if failure.connection is not None:
            self._end(failure.connection, failure.original_exception)

    def _end(self, connection: Connection, error: BaseException | None) -> None:
        running = self._running.pop(connection, None)
        if running is None:
            return
        if running.timer is not None:
            running.timer.cancel()
        self._observation.end(running.begun, error)
