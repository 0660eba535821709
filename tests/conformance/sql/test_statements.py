"""Statements give rows, and say what went wrong without quoting values."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import column, select, table, text

from fastnfurious.sql.client import SqlClient
from fastnfurious.sql.errors import (
    DatabaseUnavailable,
    IntegrityViolation,
    StatementFailed,
    StatementTimeout,
)
from fastnfurious.sql.settings import SqlSettings
from fastnfurious.sql.values import Violation

SECRET = "s3cr3t-value"
ENDLESS = """
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers)
    SELECT max(n) AS most FROM numbers
"""
ENDLESS_NAME = """
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers)
    SELECT 9, CAST(max(n) AS VARCHAR(40)) FROM numbers
"""


async def test_rows_are_dictionaries(db: SqlClient) -> None:
    """Names of columns lead to values, in the order of the statement."""
    rows = await db.execute("SELECT id, name FROM products ORDER BY id").all()
    assert rows == [{"id": 1, "name": "tea"}, {"id": 2, "name": "ink"}]
    assert list(rows[0]) == ["id", "name"]


async def test_one_row_or_one_value_can_be_asked_for(db: SqlClient) -> None:
    """Where there is none, there is ``None``."""
    by_id = "SELECT name, price FROM products WHERE id = :id"
    assert await db.execute(by_id, {"id": 1}).first() == {"name": "tea", "price": 3}
    assert await db.execute(by_id, {"id": 2}).scalar() == "ink"
    assert await db.execute(by_id, {"id": 9}).first() is None
    assert await db.execute(by_id, {"id": 9}).scalar() is None
    assert await db.execute(by_id, {"id": 9}).all() == []


async def test_limit_and_offset_are_values(db: SqlClient) -> None:
    """A page is asked for with names, like everything else."""
    page = db.execute(
        "SELECT id FROM products ORDER BY id LIMIT :limit OFFSET :offset", {"limit": 1, "offset": 1}
    )
    assert await page.all() == [{"id": 2}]


async def test_rows_can_be_read_one_by_one(db: SqlClient) -> None:
    """A large result is read in pieces, and leaving early gives the connection back."""
    many = [{"id": number, "name": f"n{number}", "price": 1} for number in range(10, 1500)]
    await db.execute("INSERT INTO products VALUES (:id, :name, :price)", many)
    found = [row["id"] async for row in db.execute("SELECT id FROM products ORDER BY id")]
    assert found == [1, 2, *range(10, 1500)]
    for _ in range(5):
        async for _ in db.execute("SELECT id FROM products"):
            break
        await asyncio.sleep(0.01)
    assert await db.execute("SELECT count(*) AS n FROM products").scalar() == 1492


async def test_a_change_says_how_many_rows_it_changed(db: SqlClient) -> None:
    """It is committed when it has been awaited."""
    assert await db.execute("UPDATE products SET price = price + 1") == 2
    assert await db.execute("DELETE FROM products WHERE id = :id", {"id": 9}) == 0
    prices = await db.execute("SELECT price FROM products ORDER BY id").all()
    assert [row["price"] for row in prices] == [4, 6]


async def test_a_change_can_give_rows(db: SqlClient) -> None:
    """``RETURNING`` works, and the change is kept."""
    statement = "INSERT INTO products VALUES (3, 'pen', 1) RETURNING id"
    assert await db.execute(statement).scalar() == 3
    assert await db.execute("SELECT count(*) AS n FROM products").scalar() == 3


async def test_a_statement_of_sqlalchemy_can_be_run(db: SqlClient) -> None:
    """Nobody has to write text."""
    products = table("products", column("id"), column("name"))
    statement = select(products.c.name).where(products.c.id == 2)
    assert await db.execute(statement).scalar() == "ink"


@pytest.mark.parametrize(
    ("statement", "violation", "constraint"),
    [
        ("INSERT INTO products VALUES (3, 'tea', 1)", Violation.UNIQUE, "name"),
        ("INSERT INTO products VALUES (1, 'pen', 1)", Violation.UNIQUE, ""),
        ("INSERT INTO products VALUES (3, NULL, 1)", Violation.NOT_NULL, "name"),
        ("INSERT INTO products VALUES (3, 'pen', -1)", Violation.CHECK, "positive_price"),
        ("INSERT INTO orders VALUES (9)", Violation.FOREIGN_KEY, None),
    ],
)
async def test_a_broken_rule_is_a_conflict(
    db: SqlClient, statement: str, violation: Violation, constraint: str | None
) -> None:
    """The kind of rule is known, on every database; foreign keys are watched on all of them."""
    with pytest.raises(IntegrityViolation) as caught:
        await db.execute(statement)
    assert caught.value.violation is violation
    assert caught.value.status == 409
    if constraint is not None:
        assert constraint in str(caught.value.constraint)


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        ("INSERT INTO products VALUES (7, :value, 1), (8, :value, 1)", {"value": SECRET}),
        (f"INSERT INTO products VALUES (7, '{SECRET}', -1)", None),
        (f"SELECT nothing FROM products WHERE name = '{SECRET}'", None),
        (f"SELEC '{SECRET}'", None),
    ],
)
async def test_an_error_quotes_no_values(
    db: SqlClient, statement: str, parameters: dict[str, str] | None
) -> None:
    """Neither the message nor what a traceback would show holds them."""
    with pytest.raises((IntegrityViolation, StatementFailed)) as caught:
        await db.execute(statement, parameters)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


async def test_a_wrong_statement_says_what_is_wrong(db: SqlClient) -> None:
    """The name that does not exist is in the message."""
    with pytest.raises(StatementFailed, match="nowhere"):
        await db.execute("SELECT * FROM nowhere").all()


async def test_a_missing_value_is_named(db: SqlClient) -> None:
    """A statement with ``:limit`` needs a limit."""
    with pytest.raises(StatementFailed, match="'limit'"):
        await db.execute("SELECT * FROM products LIMIT :limit").all()


async def test_two_columns_of_one_name_are_refused(db: SqlClient) -> None:
    """A dictionary would lose one of them silently."""
    with pytest.raises(StatementFailed, match="called id: name one of them with AS"):
        await db.execute("SELECT a.id, b.id FROM products a, products b").all()


async def test_a_slow_statement_is_stopped(db: SqlClient) -> None:
    """The next one finds a connection that works."""
    with pytest.raises(StatementTimeout, match="longer than 0.2 s") as caught:
        await db.execute(ENDLESS, timeout=0.2).all()
    assert caught.value.status == 504
    assert await db.execute("SELECT count(*) AS n FROM products").scalar() == 2


async def test_reading_and_writing_have_their_own_limits(url: str, db: SqlClient) -> None:
    """The settings bound every statement that says nothing itself."""
    client = SqlClient(url, SqlSettings(read_seconds=0.2, write_seconds=30))
    with pytest.raises(StatementTimeout, match="longer than 0.2 s"):
        await client.execute(ENDLESS).all()
    await client.aclose()
    client = SqlClient(url, SqlSettings(read_seconds=30, write_seconds=0.2))
    with pytest.raises(StatementTimeout, match="longer than 0.2 s"):
        await client.execute(f"INSERT INTO products (id, name) {ENDLESS_NAME}")
    with pytest.raises(StatementTimeout):
        async with client.session() as session:
            await session.execute(text(f"INSERT INTO products (id, name) {ENDLESS_NAME}"))
    await client.aclose()
    assert await db.execute("SELECT count(*) AS n FROM products").scalar() == 2


async def test_a_full_pool_is_no_hang(db: SqlClient) -> None:
    """Whoever finds no connection in time is told what to do, and the next request is served."""
    async with db.transaction(read_only=True), db.transaction(read_only=True):
        with pytest.raises(DatabaseUnavailable, match="DATABASE_POOL_SIZE") as caught:
            await db.execute("SELECT 1 AS one").scalar()
    assert caught.value.status == 503
    assert await db.execute("SELECT 1 AS one").scalar() == 1


async def test_a_statement_that_is_not_awaited_is_noticed(db: SqlClient) -> None:
    """It has not run, which is easily overlooked."""
    with pytest.warns(RuntimeWarning, match="not awaited: DELETE FROM products"):
        db.execute("DELETE FROM products")
    assert await db.execute("SELECT count(*) AS n FROM products").scalar() == 2


async def test_many_statements_run_side_by_side(db: SqlClient) -> None:
    """They share the pool, and each gets its own answer."""
    asked = [db.execute(f"SELECT {number} AS n").scalar() for number in range(50)]
    assert await asyncio.gather(*asked) == list(range(50))
