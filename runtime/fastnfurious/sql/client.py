"""The database, over the asynchronous engine of SQLAlchemy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from typing import Any

from sqlalchemy import CursorResult, Executable, TextClause, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncResult,
    AsyncSession,
)

from fastnfurious.core.context import require_client
from fastnfurious.core.errors import StartupError
from fastnfurious.core.instruments import Instruments
from fastnfurious.sql.connecting import system_of
from fastnfurious.sql.engine import create_engine, transactional
from fastnfurious.sql.errors import PoolExhausted, StatementFailed
from fastnfurious.sql.failures import failure_of, refusal_of
from fastnfurious.sql.limits import Cancelled, Interrupted, Limit
from fastnfurious.sql.observation import Observation
from fastnfurious.sql.rows import Answer, Rows
from fastnfurious.sql.session_watch import SessionWatch
from fastnfurious.sql.settings import SqlSettings
from fastnfurious.sql.statement import Statement
from fastnfurious.sql.transaction import Transaction
from fastnfurious.sql.translation import CONVERTED, TRANSLATED, driver_error
from fastnfurious.sql.values import Parameters, Row

__all__ = ["SqlClient"]

_AT_ONCE = 500


class SqlClient:
    """Run statements on a database; ``app.db`` is one.

    Nothing is connected before the first statement.

    Args:
        url: Address of the database, with credentials.
        settings: What bounds the statements and the pool.
        instruments: Makes the metrics.

    Attributes:
        engine: SQLAlchemy's engine, for what only it can do.
        intercept: Called with every statement before it runs; tests record and fail with it.

    Raises:
        StartupError: The driver is not installed.
    """

    def __init__(
        self, url: str, settings: SqlSettings, instruments: Instruments | None = None
    ) -> None:
        self.system = system_of(url)
        self._settings = settings
        self.engine = create_engine(url, self.system, settings)
        namespace = (self.engine.url.database or "").rpartition("/")[2]
        self._observation = Observation(self.system, namespace, settings.slow_seconds, instruments)
        self._sessions = SessionWatch(self._observation, settings)
        self.intercept: Callable[[Statement], None] | None = None
        is_sqlite = self.system == "sqlite"
        self._limit: type[Limit] = Interrupted if is_sqlite else Cancelled
        self._transactional = {
            read_only: transactional(self.engine, read_only=read_only)
            for read_only in (False, True)
        }
        self._watched = {
            read_only: self._sessions.watched(engine)
            for read_only, engine in self._transactional.items()
        }
        # SQLite commits each statement by itself until a transaction is begun.
        self._single = (
            self.engine
            if is_sqlite
            else self.engine.execution_options(isolation_level="AUTOCOMMIT")
        )

    def execute(
        self,
        statement: str | Executable,
        parameters: Parameters | None = None,
        *,
        timeout: float | None = None,
    ) -> Rows:
        """Return the rows of a statement; it runs when they are awaited, and is committed.

        Args:
            statement: SQL with ``:names`` for values, or a statement of SQLAlchemy.
            parameters: The values by name; a sequence runs the statement once for each.
            timeout: Seconds it may take; by default what the settings say.
        """
        return Rows(self, Statement(statement, parameters, timeout))

    @asynccontextmanager
    async def transaction(self, *, read_only: bool = False) -> AsyncIterator[Transaction]:
        """Commit what happens in an ``async with`` block, or nothing of it when it fails.

        Nothing is committed for a client that has left before it had its answer.

        Args:
            read_only: Refuse changes; readers do not wait for each other.

        Raises:
            PoolExhausted: Every connection is in use.
            DatabaseUnavailable: The database cannot be reached.
            IntegrityViolation: The commit would break a rule of the database.
        """
        async with self._connection(self._transactional[read_only]) as connection:
            begun = await self._begin(connection)
            async with _ended(begun):
                yield Transaction(_OneConnection(self, connection))
                require_client()

    @asynccontextmanager
    async def session(self, *, read_only: bool = False) -> AsyncIterator[AsyncSession]:
        """Give a session of SQLAlchemy; commit it at the end of an ``async with`` block.

        Nothing is committed for a client that has left before it had its answer.

        Args:
            read_only: Refuse changes; readers do not wait for each other.

        Raises:
            IntegrityViolation: The changes would break a rule of the database.
        """
        async with self._connection(self._watched[read_only]) as connection:
            with TRANSLATED:
                async with AsyncSession(connection, expire_on_commit=False) as session:
                    async with session.begin():
                        await self._sessions.limit(session)
                        yield session
                        require_client()

    async def ping(self) -> None:
        """Ask the database for the smallest of answers.

        Raises:
            DatabaseUnavailable: It cannot be reached.
        """
        async with self._connection(self._single) as connection:
            with TRANSLATED:
                await connection.execute(text("SELECT 1"))

    async def connect(self) -> None:
        """Connect once, to learn whether the database lets us in.

        Raises:
            DatabaseUnavailable: It cannot be reached now.
            StartupError: It will never let us in.
        """
        try:
            async with self._single.connect():
                return
        except (SQLAlchemyError, OSError) as error:
            reason = refusal_of(driver_error(error))
            if reason:
                raise StartupError(f"DATABASE_URL: {reason}") from None
            raise failure_of(driver_error(error)) from None

    async def aclose(self) -> None:
        """Close every connection; the next statement would open them again."""
        await self.engine.dispose()

    async def run(self, statement: Statement) -> Answer:
        """Run a statement by itself, and return all that it gives."""
        # As `_connection` does it, without the generator.
        connection = await self._connect(self._single)
        try:
            answer = await self.run_on(connection, statement)
        except BaseException:
            await asyncio.shield(self._give_back(connection))
            raise
        await self._give_back(connection)
        return answer

    async def stream(self, statement: Statement) -> AsyncIterator[Row]:
        """Run a statement in a transaction that only reads, and return its rows as they arrive."""
        async with self._connection(self._transactional[True]) as connection:
            async with _ended(await self._begin(connection)):
                async for row in self.stream_on(connection, statement):
                    yield row

    async def run_on(self, connection: AsyncConnection, statement: Statement) -> Answer:
        """Run a statement on a connection, and return all that it gives."""
        begun = self._observation.begin(statement)
        try:
            with CONVERTED:
                self._tell(statement)
                async with self._limited(connection, statement):
                    result = await connection.execute(_prepared(statement), statement.parameters)
                    answer = _answer(result)
        except BaseException as error:
            self._observation.end(begun, error)
            raise
        self._observation.end(begun)
        return answer

    async def stream_on(
        self, connection: AsyncConnection, statement: Statement
    ) -> AsyncIterator[Row]:
        """Run a statement on a connection, and return its rows as they arrive."""
        with self._observation.watch(statement), CONVERTED:
            self._tell(statement)
            async with self._limited(connection, statement):
                result = await connection.stream(_prepared(statement), statement.parameters)
                first = await result.fetchmany(_AT_ONCE)
        async for row in _rest(result, first):
            yield row

    @asynccontextmanager
    async def _connection(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        connection = await self._connect(engine)
        try:
            yield connection
        except BaseException:
            # To the end, also when a request is cancelled: the connection has to come back.
            await asyncio.shield(self._give_back(connection))
            raise
        await self._give_back(connection)

    async def _connect(self, engine: AsyncEngine) -> AsyncConnection:
        try:
            connection = await engine.connect()
        except NoConnectionError:
            self._observation.exhausted()
            raise PoolExhausted(
                f"All {self._settings.pool_size} connections stayed in use for "
                f"{self._settings.pool_wait_seconds:g} s: raise DATABASE_POOL_SIZE, or shorten "
                "what holds them"
            ) from None
        except (SQLAlchemyError, OSError) as error:
            raise failure_of(driver_error(error)) from None
        self._report_pool()
        return connection

    async def _give_back(self, connection: AsyncConnection) -> None:
        try:
            await connection.close()
        finally:
            self._report_pool()

    async def _begin(self, connection: AsyncConnection) -> Any:
        with TRANSLATED:
            begun = connection.begin()
            await begun.start()
            return begun

    def _tell(self, statement: Statement) -> None:
        if self.intercept is not None:
            self.intercept(statement)

    def _limited(self, connection: AsyncConnection, statement: Statement) -> Limit:
        settings = self._settings
        usual = settings.read_seconds if statement.reads else settings.write_seconds
        seconds = usual if statement.timeout is None else statement.timeout
        return self._limit(connection, seconds)

    def _report_pool(self) -> None:
        pool: Any = self.engine.pool
        self._observation.connections(pool.checkedout())


class _OneConnection:
    """Run the statements of one transaction."""

    def __init__(self, client: SqlClient, connection: AsyncConnection) -> None:
        self._client = client
        self._connection = connection

    async def run(self, statement: Statement) -> Answer:
        return await self._client.run_on(self._connection, statement)

    def stream(self, statement: Statement) -> AsyncIterator[Row]:
        return self._client.stream_on(self._connection, statement)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        with TRANSLATED:
            async with self._connection.begin_nested():
                yield


@asynccontextmanager
async def _ended(begun: Any) -> AsyncIterator[None]:
    """Commit a transaction, or roll it back if its block fails."""
    try:
        yield
    except BaseException:
        # With a connection that is lost, the transaction is undone already.
        with suppress(SQLAlchemyError):
            await asyncio.shield(begun.rollback())
        raise
    with TRANSLATED:
        await begun.commit()


def _prepared(statement: Statement) -> Executable:
    return _text(statement.sql) if isinstance(statement.sql, str) else statement.sql


@lru_cache(1024)
def _text(sql: str) -> TextClause:
    return text(sql)


def _answer(result: CursorResult[Any]) -> Answer:
    if not result.returns_rows:
        return Answer([], max(result.rowcount, 0))
    names = _distinct(tuple(result.keys()))
    rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    return Answer(rows, len(rows))


async def _rest(result: AsyncResult[Any], first: Any) -> AsyncIterator[Row]:
    names = _distinct(tuple(result.keys()))
    rows = first
    try:
        while rows:
            for row in rows:
                yield dict(zip(names, row, strict=True))
            with CONVERTED:
                rows = await result.fetchmany(_AT_ONCE)
    finally:
        await result.close()


@lru_cache(1024)
def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise StatementFailed(
            f"Two columns are called {', '.join(sorted(twice))}: name one of them with AS"
        )
    return names
