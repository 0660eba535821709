"""Statements: ``app.db``, and SQLAlchemy's asynchronous engine with the same driver.

The peer is called as its documentation shows, which begins a transaction for each statement and
rolls it back, and also with each statement committed by itself, as ours are.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from benchmarks.integrations.contest import Contest, at_once, lasting, one_by_one
from fastnfurious import FastNFuriousAPI
from fastnfurious.sql.embedded import PRAGMAS

__all__ = ["contests"]

AS_SHOWN, AUTOCOMMIT = "SQLAlchemy", "SQLAlchemy, autocommit"
AIM = 0.95
POOL = 10
ROWS = 100

Piece = Callable[[], Awaitable[None]]


@asynccontextmanager
async def contests() -> AsyncIterator[list[Contest]]:
    """Fill a table in the database that ``DATABASE_URL`` names; without it, in a file."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_FILE", str(Path(folder) / "database.sqlite3"))
        app, table = FastNFuriousAPI(title="Benchmark"), f"bench_{token_hex(4)}"
        async with (
            app.router.lifespan_context(app),
            lasting(_engine(), lambda: engine.dispose()) as engine,
        ):
            await _fill(app.db, table)
            try:
                yield _contests(app.db, engine, table)
            finally:
                for name in (table, f"{table}_written"):
                    await app.db.execute(f"DROP TABLE {name}")


def _engine() -> AsyncEngine:
    url = os.environ.get("DATABASE_URL")
    if url is not None:
        return create_async_engine(url.replace("://", "+asyncpg://", 1), pool_size=POOL)
    engine = create_async_engine(f"sqlite+aiosqlite:///{os.environ['DATABASE_FILE']}")
    event.listen(engine.sync_engine, "connect", _tell_sqlite)
    return engine


def _tell_sqlite(connection: Any, record: object) -> None:
    """Write to the disk as carefully as ours does, and no more."""
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


async def _fill(db: Any, table: str) -> None:
    await db.execute(
        f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price FLOAT NOT NULL)"
    )
    await db.execute(f"CREATE TABLE {table}_written (id INTEGER NOT NULL, name TEXT NOT NULL)")
    rows = [{"id": number, "name": f"thing {number}", "price": 12.5} for number in range(ROWS)]
    await db.execute(f"INSERT INTO {table} VALUES (:id, :name, :price)", rows)


def _contests(db: Any, engine: AsyncEngine, table: str) -> list[Contest]:
    one = f"SELECT id, name, price FROM {table} WHERE id = :id"
    many = f"SELECT id, name, price FROM {table} WHERE id < :id"
    reading_one = _reading(db, engine, one, 7, 1)
    reading_many = _reading(db, engine, many, ROWS, ROWS)
    return [
        _contest("select one row, one by one", reading_one),
        _contest(f"select one row, {POOL} at once", reading_one, POOL),
        _contest(f"select {ROWS} rows, one by one", reading_many),
        _contest("insert in a transaction, one by one", _writing(db, engine, table)),
    ]


def _contest(what: str, pieces: Mapping[str, Piece], concurrency: int = 1) -> Contest:
    works = {
        name: one_by_one(piece) if concurrency == 1 else at_once(concurrency, piece)
        for name, piece in pieces.items()
    }
    aims = {name: AIM for name in works if name != "ours"}
    return Contest(what, works, aims, batch=concurrency)


def _reading(db: Any, engine: AsyncEngine, sql: str, id: int, count: int) -> dict[str, Piece]:
    """Return the ways to get the rows with their columns by name."""
    committing = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def ours() -> None:
        rows = await db.execute(sql, {"id": id}).all()
        assert len(rows) == count

    async def read(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            result = await connection.execute(text(sql), {"id": id})
            rows = result.mappings().all()
        assert len(rows) == count

    return {"ours": ours, AS_SHOWN: lambda: read(engine), AUTOCOMMIT: lambda: read(committing)}


def _writing(db: Any, engine: AsyncEngine, table: str) -> dict[str, Piece]:
    sql = f"INSERT INTO {table}_written VALUES (:id, :name)"
    values = {"id": 7, "name": "a thing"}

    async def ours() -> None:
        async with db.transaction() as transaction:
            await transaction.execute(sql, values)

    async def as_shown() -> None:
        async with engine.begin() as connection:
            await connection.execute(text(sql), values)

    return {"ours": ours, AS_SHOWN: as_shown}
