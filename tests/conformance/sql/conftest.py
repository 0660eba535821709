"""One suite for every database: the embedded one, and each server that is up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from fastnfurious.sql.client import SqlClient
from fastnfurious.sql.embedded import embedded_url
from fastnfurious.sql.settings import SqlSettings
from servers.plugin import Backing

PRODUCTS = """
    CREATE TABLE products (
        id INTEGER PRIMARY KEY,
        name VARCHAR(40) NOT NULL UNIQUE,
        price INTEGER,
        CONSTRAINT positive_price CHECK (price > 0)
    )
"""
ORDERS = "CREATE TABLE orders (product INTEGER NOT NULL REFERENCES products (id))"


@pytest.fixture(params=["embedded", "postgres"])
async def url(
    request: pytest.FixtureRequest, backing: Backing, tmp_path: Path, anyio_backend: object
) -> AsyncIterator[str]:
    """Return the address of a database that is empty, and gone afterwards."""
    endpoint = backing("sql", request.param)
    if endpoint is None:
        yield embedded_url(tmp_path / "database.sqlite3")
        return
    name = f"test_{uuid4().hex}"
    server = SqlClient(endpoint.url, SqlSettings())
    await server.execute(f"CREATE DATABASE {name}")
    yield endpoint.url.rpartition("/")[0] + f"/{name}"
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.aclose()


@pytest.fixture
async def db(url: str) -> AsyncIterator[SqlClient]:
    """Return a database with two tables and two products."""
    settings = SqlSettings(pool_size=2, pool_wait_seconds=0.3, write_seconds=5)
    client = SqlClient(url, settings)
    await client.execute(PRODUCTS)
    await client.execute(ORDERS)
    await client.execute(
        "INSERT INTO products VALUES (:id, :name, :price)",
        [{"id": 1, "name": "tea", "price": 3}, {"id": 2, "name": "ink", "price": 5}],
    )
    yield client
    await client.aclose()
