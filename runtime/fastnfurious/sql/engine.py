"""The engine of SQLAlchemy, made for one database, and how its transactions begin."""

from __future__ import annotations

import logging
import math
import sqlite3
import time
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import await_only

from fastnfurious.sql.connecting import connect_arguments, driver_url
from fastnfurious.sql.embedded import PRAGMAS
from fastnfurious.sql.settings import SqlSettings

__all__ = ["create_engine", "transactional"]

_BEGIN = "fastnfurious_begin"
_READING = "DEFERRED"
_WRITING = "IMMEDIATE"
_RETURNED = "fastnfurious_returned"
_FRESH_SECONDS = 1.0


def create_engine(url: str, system: str, settings: SqlSettings) -> AsyncEngine:
    """Return an engine that has not connected yet.

    Args:
        url: Address of the database.
        system: The product behind it.
        settings: What bounds the pool.

    Raises:
        StartupError: The driver is not installed.
    """
    limits = {} if system == "sqlite" and ":memory:" in url else _pool_limits(settings)
    seconds = settings.write_seconds if system == "sqlite" else settings.connect_seconds
    engine = create_async_engine(
        driver_url(url),
        hide_parameters=True,
        connect_args=connect_arguments(system, seconds),
        **limits,
    )
    if system == "sqlite":
        logging.getLogger("aiosqlite").addFilter(_is_no_detail)
        _spare_idle_rollbacks(engine.dialect)
        event.listen(engine.sync_engine, "connect", _tell_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        event.listen(engine.sync_engine, "commit", _end_sqlite)
        event.listen(engine.sync_engine, "rollback", _end_sqlite)
    else:
        _ask_idle_connections(engine)
    return engine


def transactional(engine: AsyncEngine, *, read_only: bool) -> AsyncEngine:
    """Return the engine for transactions; it shares the pool.

    Args:
        engine: The engine.
        read_only: Refuse changes; readers do not wait for each other.
    """
    if engine.dialect.name == "sqlite":
        # A transaction that reads and then writes would fail if another wrote in between.
        return engine.execution_options(**{_BEGIN: _READING if read_only else _WRITING})
    if engine.dialect.name == "postgresql" and read_only:
        return engine.execution_options(postgresql_readonly=True)
    return engine


def _pool_limits(settings: SqlSettings) -> dict[str, Any]:
    return {
        "pool_size": settings.pool_size,
        "max_overflow": 0,
        "pool_timeout": settings.pool_wait_seconds,
    }


def _ask_idle_connections(engine: AsyncEngine) -> None:
    """Replace a connection that has died while nobody used it.

    SQLAlchemy's own way asks before every use, which costs as much as a small statement.
    """

    def returned(connection: Any, record: Any) -> None:
        record.info[_RETURNED] = time.monotonic()

    def taken(connection: Any, record: Any, proxy: object) -> None:
        if time.monotonic() - record.info.get(_RETURNED, math.inf) < _FRESH_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except Exception as error:
            # SQLAlchemy connects anew; if that fails too, the caller learns why.
            raise DisconnectionError(type(error).__name__) from error

    event.listen(engine.sync_engine, "checkin", returned)
    event.listen(engine.sync_engine, "checkout", taken)


def _is_no_detail(record: logging.LogRecord) -> bool:
    # Below that level the driver writes down every statement with its values.
    return record.levelno > logging.DEBUG


def _tell_sqlite(connection: Any, record: object) -> None:
    # Python's own transactions begin late and in their own way; ours begin when we say so.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _spare_idle_rollbacks(dialect: Any) -> None:
    """Roll back only where a transaction has begun: to find that out, SQLite asks its thread."""
    roll_back = dialect.do_rollback

    def do_rollback(connection: Any) -> None:
        if connection.driver_connection.in_transaction:
            roll_back(connection)

    dialect.do_rollback = do_rollback


def _begin_sqlite(connection: Connection) -> None:
    kind = connection.get_execution_options().get(_BEGIN)
    if kind is not None:
        _run_sqlite(connection, f"BEGIN {kind}")
    if kind == _READING:
        # SQLite itself lets a deferred transaction write.
        _run_sqlite(connection, "PRAGMA query_only = ON")


def _end_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get(_BEGIN) == _READING and not connection.invalidated:
        _run_sqlite(connection, "PRAGMA query_only = OFF")


def _run_sqlite(connection: Connection, sql: str) -> None:
    driver: Any = connection.connection.driver_connection
    try:
        # One way to its thread and back; by a cursor there would be three.
        await_only(driver.execute(sql))
    except sqlite3.Error as error:
        raise DBAPIError(sql, None, error) from error
