"""All of a transaction happens, or nothing of it."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from fastnfurious.core.errors import FastNFuriousError
from fastnfurious.sql.client import SqlClient
from fastnfurious.sql.errors import IntegrityViolation

ADD = "INSERT INTO products VALUES (:id, :name, 1)"
COUNT = "SELECT count(*) AS n FROM products"


async def test_a_transaction_is_committed_at_its_end(db: SqlClient) -> None:
    """Inside it its own changes are seen, outside only later."""
    async with db.transaction() as transaction:
        assert await transaction.execute(ADD, {"id": 3, "name": "pen"}) == 1
        assert await transaction.execute(COUNT).scalar() == 3
        assert await db.execute(COUNT).scalar() == 2
    assert await db.execute(COUNT).scalar() == 3


async def test_an_error_undoes_everything(db: SqlClient) -> None:
    """Whatever the error is, it goes on."""
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as transaction:
            await transaction.execute(ADD, {"id": 3, "name": "pen"})
            raise ZeroDivisionError
    assert await db.execute(COUNT).scalar() == 2


async def test_a_failed_statement_undoes_everything(db: SqlClient) -> None:
    """An error of the database is no exception."""
    with pytest.raises(IntegrityViolation):
        async with db.transaction() as transaction:
            await transaction.execute(ADD, {"id": 3, "name": "pen"})
            await transaction.execute(ADD, {"id": 4, "name": "pen"})
    assert await db.execute(COUNT).scalar() == 2


async def test_a_cancelled_transaction_is_undone(db: SqlClient) -> None:
    """A client that leaves takes nothing with it: the connection works again."""
    entered = asyncio.Event()

    async def handle() -> None:
        async with db.transaction() as transaction:
            await transaction.execute(ADD, {"id": 3, "name": "pen"})
            entered.set()
            await asyncio.sleep(60)

    for _ in range(5):
        entered.clear()
        request = asyncio.create_task(handle())
        await entered.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
    assert await db.execute(COUNT).scalar() == 2


async def test_a_savepoint_is_undone_alone(db: SqlClient) -> None:
    """What was done before it stays."""
    async with db.transaction() as transaction:
        await transaction.execute(ADD, {"id": 3, "name": "pen"})
        with pytest.raises(IntegrityViolation):
            async with transaction.transaction() as inner:
                await inner.execute(ADD, {"id": 4, "name": "box"})
                await inner.execute(ADD, {"id": 5, "name": "box"})
        await transaction.execute(ADD, {"id": 6, "name": "bag"})
    ids = [row["id"] async for row in db.execute("SELECT id FROM products ORDER BY id")]
    assert ids == [1, 2, 3, 6]


async def test_a_transaction_that_reads_refuses_changes(db: SqlClient) -> None:
    """The connection may write again afterwards."""
    with pytest.raises(FastNFuriousError):
        async with db.transaction(read_only=True) as transaction:
            assert await transaction.execute(COUNT).scalar() == 2
            await transaction.execute(ADD, {"id": 3, "name": "pen"})
    for number in (3, 4):
        await db.execute(ADD, {"id": number, "name": f"pen {number}"})
    assert await db.execute(COUNT).scalar() == 4


async def test_rows_can_be_read_one_by_one_in_a_transaction(db: SqlClient) -> None:
    """They are those that the transaction sees."""
    async with db.transaction() as transaction:
        await transaction.execute(ADD, {"id": 3, "name": "pen"})
        rows = transaction.execute("SELECT id FROM products ORDER BY id")
        assert [row["id"] async for row in rows] == [1, 2, 3]


async def test_writers_take_turns(db: SqlClient) -> None:
    """Of two transactions that add to the same number none is lost."""

    async def raise_price() -> None:
        async with db.transaction() as transaction:
            await transaction.execute("UPDATE products SET price = price + 1 WHERE id = 1")

    for _ in range(5):
        await asyncio.gather(raise_price(), raise_price())
    assert await db.execute("SELECT price FROM products WHERE id = 1").scalar() == 13


async def test_a_session_is_committed_or_undone(db: SqlClient) -> None:
    """A session of SQLAlchemy lives as long as its block."""
    async with db.session() as session:
        await session.execute(text(ADD), {"id": 3, "name": "pen"})
    with pytest.raises(IntegrityViolation):
        async with db.session() as session:
            await session.execute(text(ADD), {"id": 4, "name": "box"})
            await session.execute(text(ADD), {"id": 4, "name": "bag"})
    assert await db.execute(COUNT).scalar() == 3
