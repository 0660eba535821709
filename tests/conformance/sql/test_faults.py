"""What happens when the server goes away, or is left with work that nobody waits for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from fastnfurious.sql import engine
from fastnfurious.sql.client import SqlClient
from fastnfurious.sql.errors import DatabaseUnavailable, StatementTimeout
from fastnfurious.sql.settings import SqlSettings
from servers.endpoint import Endpoint
from servers.plugin import Backing
from tests.conformance.sql.relay import Relay

AT_WORK = """
    SELECT count(*) AS number FROM pg_stat_activity
    WHERE state = 'active' AND query LIKE '%nobody waits%' AND pid <> pg_backend_pid()
"""


@pytest.fixture
def server(backing: Backing) -> Endpoint:
    """Return the real server."""
    endpoint = backing("sql", "postgres")
    assert endpoint is not None
    return endpoint


@pytest.fixture
async def relay(server: Endpoint, anyio_backend: object) -> AsyncIterator[Relay]:
    """Return the network between the client and the server."""
    async with Relay(urlsplit(server.url).port or 0) as relay:
        yield relay


@pytest.fixture
async def db(server: Endpoint, relay: Relay) -> AsyncIterator[SqlClient]:
    """Return a client behind the network."""
    address = urlsplit(server.url)
    host = f"{address.username}:{address.password}@127.0.0.1:{relay.port}"
    client = SqlClient(address._replace(netloc=host).geturl(), SqlSettings(pool_size=3))
    yield client
    await client.aclose()


async def test_a_server_that_is_away_is_unavailable_until_it_is_back(
    db: SqlClient, relay: Relay
) -> None:
    """Every statement fails in our words, and the first one after its return succeeds."""
    assert await db.execute("SELECT 1 AS one").scalar() == 1
    await relay.cut()
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable):
            await db.execute("SELECT 1 AS one").scalar()
    await relay.mend()
    assert await db.execute("SELECT 1 AS one").scalar() == 1


async def test_a_connection_that_died_unused_is_replaced(
    db: SqlClient, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody notices that the server was away while nothing was asked."""
    monkeypatch.setattr(engine, "_FRESH_SECONDS", 0.0)
    assert await asyncio.gather(*(db.execute("SELECT 1 AS one").scalar() for _ in range(3)))
    await relay.cut()
    await relay.mend()
    asked = [db.execute("SELECT 1 AS one").scalar() for _ in range(6)]
    assert await asyncio.gather(*asked) == [1] * 6


async def test_a_transaction_is_lost_with_its_connection(db: SqlClient, relay: Relay) -> None:
    """The caller is told, and the pool is whole afterwards."""
    with pytest.raises(DatabaseUnavailable):
        async with db.transaction() as transaction:
            await transaction.execute("SELECT 1 AS one").all()
            await relay.cut()
            await transaction.execute("SELECT 1 AS one").all()
    await relay.mend()
    asked = [db.execute("SELECT 1 AS one").scalar() for _ in range(6)]
    assert await asyncio.gather(*asked) == [1] * 6


async def test_a_statement_that_is_stopped_is_stopped_on_the_server(db: SqlClient) -> None:
    """A time limit, and a request that is cancelled, leave no work behind."""
    slow = "SELECT pg_sleep(30), 'nobody waits' AS text"
    with pytest.raises(StatementTimeout):
        await db.execute(slow, timeout=0.2).all()
    request = asyncio.create_task(db.execute(slow).all())
    await asyncio.sleep(0.2)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    until = time.monotonic() + 5
    while await db.execute(AT_WORK).scalar() and time.monotonic() < until:
        await asyncio.sleep(0.05)
    assert await db.execute(AT_WORK).scalar() == 0
