"""The database, over the asynchronous engine of SQLAlchemy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import lru_cache
from typing import Any

from sqlalchemy import CursorResult, Executable, TextClause, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncResult,
    AsyncSession,
)

from fastnfurious.core.context import require_client
from fastnfurious.core.errors import FastNFuriousError, StartupError
from fastnfurious.core.instruments import Instruments
from fastnfurious.sql.connecting import system_of
from fastnfurious.sql.engine import create_engine, transactional
from fastnfurious.sql.errors import DatabaseUnavailable, PoolExhausted, StatementFailed
from fastnfurious.sql.failures import failure_of, misuse_of, refusal_of
from fastnfurious.sql.limits import cancelled, interrupted
from fastnfurious.sql.observation import Observation
from fastnfurious.sql.rows import Answer, Rows
from fastnfurious.sql.session_watch import SessionWatch
from fastnfurious.sql.settings import SqlSettings
from fastnfurious.sql.statement import Statement
from fastnfurious.sql.transaction import Transaction
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
        self._sessions.attach(self.engine)
        self.intercept: Callable[[Statement], None] | None = None
        self._is_sqlite = self.system == "sqlite"
        # SQLite commits each statement by itself until a transaction is begun.
        self._single = (
            self.engine
            if self._is_sqlite
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
        async with self._connection(transactional(self.engine, read_only=read_only)) as connection:
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
        engine = self._sessions.watched(transactional(self.engine, read_only=read_only))
        async with self._connection(engine) as connection:
            with _translated():
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
            with _translated():
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
            reason = refusal_of(_driver_error(error))
            if reason:
                raise StartupError(f"DATABASE_URL: {reason}") from None
            raise failure_of(_driver_error(error)) from None

    async def aclose(self) -> None:
        """Close every connection; the next statement would open them again."""
        await self.engine.dispose()

    async def run(self, statement: Statement) -> Answer:
        """Run a statement by itself, and return all that it gives."""
        async with self._connection(self._single) as connection:
            return await self.run_on(connection, statement)

    async def stream(self, statement: Statement) -> AsyncIterator[Row]:
        """Run a statement in a transaction that only reads, and return its rows as they arrive."""
        async with self._connection(transactional(self.engine, read_only=True)) as connection:
            async with _ended(await self._begin(connection)):
                async for row in self.stream_on(connection, statement):
                    yield row

    async def run_on(self, connection: AsyncConnection, statement: Statement) -> Answer:
        """Run a statement on a connection, and return all that it gives."""
        with self._watched(statement):
            async with self._limited(connection, statement):
                result = await connection.execute(_prepared(statement), statement.parameters)
                return _answer(result)

    async def stream_on(
        self, connection: AsyncConnection, statement: Statement
    ) -> AsyncIterator[Row]:
        """Run a statement on a connection, and return its rows as they arrive."""
        with self._watched(statement):
            async with self._limited(connection, statement):
                result = await connection.stream(_prepared(statement), statement.parameters)
                first = await result.fetchmany(_AT_ONCE)
        async for row in _rest(result, first):
            yield row

    @asynccontextmanager
    async def _connection(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        connection = engine.connect()
        try:
            await connection.start()
        except NoConnectionError:
            self._observation.exhausted()
            raise PoolExhausted(
                f"All {self._settings.pool_size} connections stayed in use for "
                f"{self._settings.pool_wait_seconds:g} s: raise DATABASE_POOL_SIZE, or shorten "
                "what holds them"
            ) from None
        except (SQLAlchemyError, OSError) as error:
            raise failure_of(_driver_error(error)) from None
        self._report_pool()
        try:
            yield connection
        finally:
            # To the end, also when a request is cancelled: the connection has to come back.
            await asyncio.shield(connection.close())
            self._report_pool()

    async def _begin(self, connection: AsyncConnection) -> Any:
        with _translated():
            begun = connection.begin()
            await begun.start()
            return begun

    @contextmanager
    def _watched(self, statement: Statement) -> Iterator[None]:
        with self._observation.watch(statement), _translated():
            if self.intercept is not None:
                self.intercept(statement)
            try:
                yield
            except FastNFuriousError:
                raise
            except (ArithmeticError, LookupError, TypeError, ValueError) as error:
                # Values that neither SQLAlchemy nor the driver can convert are not wrapped by it.
                raise StatementFailed(
                    "A value of a statement, or of its answer, is not of the type that it "
                    f"should be of ({type(error).__name__})"
                ) from None

    @asynccontextmanager
    async def _limited(
        self, connection: AsyncConnection, statement: Statement
    ) -> AsyncIterator[None]:
        settings = self._settings
        usual = settings.read_seconds if statement.reads else settings.write_seconds
        seconds = usual if statement.timeout is None else statement.timeout
        limit = interrupted if self._is_sqlite else cancelled
        async with limit(connection, seconds):
            yield

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
        with _translated():
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
    with _translated():
        await begun.commit()


@contextmanager
def _translated() -> Iterator[None]:
    """Raise our error in the place of a driver's."""
    try:
        yield
    except FastNFuriousError:
        raise
    except DBAPIError as error:
        # Neither as cause nor as context: what the driver says may hold values.
        if error.connection_invalidated:
            raise DatabaseUnavailable("The connection to the database was lost") from None
        raise failure_of(_driver_error(error), error.statement) from None
    except SQLAlchemyError as error:
        raise StatementFailed(f"A statement cannot be run: {misuse_of(error)}") from None


def _driver_error(error: BaseException) -> BaseException:
    original = getattr(error, "orig", None)
    return original if isinstance(original, BaseException) else error


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
            with _translated():
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
