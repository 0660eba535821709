"""A client that leaves before it has its answer leaves nothing behind in the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import BackgroundTasks, Request
from sqlalchemy import text

from fastnfurious import FastNFuriousAPI
from fastnfurious.core.context import current_exchange
from fastnfurious.logs.testing import RecordedLogs
from fastnfurious.sql import SessionDependency, SqlClient
from fastnfurious.testing.live_server import LiveServer

ADD = "INSERT INTO products VALUES (:id, 'pen', 1)"
COUNT = "SELECT count(*) AS n FROM products WHERE id > 2"
PROMISED = 100


async def wait_departed() -> None:
    """Return when the server knows that the client of the current request has left."""
    exchange: Any = current_exchange.get()
    async with asyncio.timeout(10):
        while not exchange.left_early():
            await asyncio.sleep(0.005)


@pytest.fixture
def app(url: str, db: SqlClient, monkeypatch: pytest.MonkeyPatch) -> FastNFuriousAPI:
    """Return a service whose handlers may be left while they are at work."""
    monkeypatch.setenv("DATABASE_URL", url)
    app = FastNFuriousAPI(title="Shop", integrations=["sql"])
    app.state.begun = asyncio.Event()

    @app.post("/transaction")
    async def add_in_transaction(wait: bool = True) -> None:
        async with app.db.transaction() as transaction:
            await transaction.execute(ADD, {"id": 3})
            app.state.begun.set()
            if wait:
                await wait_departed()

    @app.post("/session")
    async def add_in_session(session: SessionDependency, wait: bool = True) -> None:
        await session.execute(text(ADD), {"id": 3})
        app.state.begun.set()
        if wait:
            await wait_departed()

    @app.post("/upload")
    async def add_while_reading(request: Request) -> None:
        async with app.db.transaction() as transaction:
            await transaction.execute(ADD, {"id": 3})
            app.state.begun.set()
            async for _ in request.stream():
                pass

    @app.post("/afterwards")
    async def add_afterwards(tasks: BackgroundTasks) -> None:
        async def add() -> None:
            await asyncio.sleep(0.1)
            async with app.db.transaction() as transaction:
                await transaction.execute(ADD, {"id": 3})
            app.state.begun.set()

        tasks.add_task(add)

    return app


@pytest.fixture
async def server(app: FastNFuriousAPI) -> AsyncIterator[LiveServer]:
    """Return the service on a port, served by uvicorn."""
    server = LiveServer(app)
    await asyncio.to_thread(server.start)
    yield server
    await asyncio.to_thread(server.stop)


async def _leave(server: LiveServer, path: str, begun: asyncio.Event, length: int = 0) -> None:
    """Send a request, wait until it is at work, and close the connection."""
    _, writer = await asyncio.open_connection(server.host, server.port)
    head = f"POST {path} HTTP/1.1\r\nHost: shop\r\nContent-Length: {length}\r\n\r\n"
    writer.write(head.encode())
    await writer.drain()
    await _set(begun)
    writer.close()
    await writer.wait_closed()
    await asyncio.to_thread(server.wait_idle)


async def _set(event: asyncio.Event) -> None:
    # The event belongs to the server's loop; looking at it is safe from this one.
    async with asyncio.timeout(10):
        while not event.is_set():
            await asyncio.sleep(0.005)


async def _stay(server: LiveServer, path: str) -> bytes:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    head = f"POST {path} HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    writer.write(head.encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer.split()[1]


@pytest.mark.parametrize("path", ["/transaction", "/session"])
async def test_a_client_that_leaves_undoes_its_transaction(
    path: str, app: FastNFuriousAPI, server: LiveServer, db: SqlClient, logs: RecordedLogs
) -> None:
    """It has sent all of its request, and closes its socket before the commit."""
    await _leave(server, path, app.state.begun)
    assert await db.execute(COUNT).scalar() == 0
    assert [record for record in logs.records if record.get("level") == "ERROR"] == []


async def test_a_client_that_leaves_while_it_sends_undoes_its_transaction(
    app: FastNFuriousAPI, server: LiveServer, db: SqlClient
) -> None:
    """The rest of the body never comes."""
    await _leave(server, "/upload", app.state.begun, length=PROMISED)
    assert await db.execute(COUNT).scalar() == 0


@pytest.mark.parametrize("path", ["/transaction", "/session"])
async def test_a_client_that_stays_gets_what_it_asked_for(
    path: str, server: LiveServer, db: SqlClient
) -> None:
    """The answer comes after the commit."""
    assert await _stay(server, f"{path}?wait=false") == b"200"
    assert await db.execute(COUNT).scalar() == 1


async def test_what_runs_after_the_answer_is_kept(
    app: FastNFuriousAPI, server: LiveServer, db: SqlClient
) -> None:
    """A client that has its answer may go."""
    assert await _stay(server, "/afterwards") == b"200"
    await _set(app.state.begun)
    assert await db.execute(COUNT).scalar() == 1
