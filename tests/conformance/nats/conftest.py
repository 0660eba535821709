"""The servers that the contract of NATS is proved on: the embedded one, and nats-server."""

from __future__ import annotations

import asyncio
import importlib
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from fastnfurious.nats import EmbeddedServer, NatsClient, NatsSettings
from tests.conformance.nats.wire import Wire

WAYS = ["embedded", "nats"]


def find_real() -> str | None:
    """Return the address of a nats-server that is running, if the project's own tools have one."""
    try:
        endpoint = importlib.import_module("servers").find("nats")
    except (ImportError, AttributeError):
        return None
    return str(endpoint.url) if endpoint is not None else None


def missing(reason: str) -> None:
    """Skip the test, or fail it where the real server is required."""
    if "nats" in os.environ.get("REQUIRE_REAL", "").split(","):
        pytest.fail(f"REQUIRE_REAL asks for nats, but {reason}", pytrace=False)
    pytest.skip(reason)


@asynccontextmanager
async def nats_server(*options: str) -> AsyncIterator[str]:
    """Run a nats-server of our own on a free port, and give its address."""
    program = shutil.which("nats-server")
    if program is None:
        missing("there is no nats-server on the PATH")
    process = await asyncio.create_subprocess_exec(
        str(program), "-a", "127.0.0.1", "-p", "-1", *options, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(20):
            port = ""
            async for line in process.stderr:
                if b"Listening for client connections on" in line:
                    port = line.decode().rpartition(":")[2].strip()
                if b"Server is ready" in line:
                    break
        draining = asyncio.create_task(process.stderr.read())
        yield f"nats://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()
    await draining


@asynccontextmanager
async def running(way: str) -> AsyncIterator[str]:
    """Give the address of a server without credentials."""
    if way == "embedded":
        async with EmbeddedServer() as server:
            yield server.url
        return
    known = find_real()
    if known is not None:
        yield known
        return
    async with nats_server() as url:
        yield url


@pytest.fixture(params=WAYS)
async def url(request: pytest.FixtureRequest, anyio_backend: object) -> AsyncIterator[str]:
    """Return the address of each server in turn."""
    async with running(request.param) as address:
        yield address


@pytest.fixture(params=WAYS)
async def guarded(request: pytest.FixtureRequest, anyio_backend: object) -> AsyncIterator[str]:
    """Return the address of a server that asks for a user's password."""
    if request.param == "embedded":
        async with EmbeddedServer(user="alice", password="open sesame") as server:
            yield server.url
        return
    async with nats_server("--user", "alice", "--pass", "open sesame") as address:
        yield address


class Clients:
    """Make clients that are closed at the end of the test."""

    def __init__(self, stack: AsyncExitStack, url: str) -> None:
        self._stack = stack
        self._url = url

    async def client(self, **settings: object) -> NatsClient:
        """Return an open client."""
        client = make_client(self._url, **settings)
        return await self._stack.enter_async_context(client)

    async def wire(self, **options: object) -> Wire:
        """Return a bare connection."""
        return await self._stack.enter_async_context(Wire(self._url, options))


def make_client(url: str, **settings: object) -> NatsClient:
    """Return a client that is not open."""

    async def find_servers() -> list[str]:
        return [url]

    return NatsClient(NatsSettings.load(**settings), name="test", find_servers=find_servers)


@pytest.fixture
async def clients(url: str) -> AsyncIterator[Clients]:
    """Return what makes clients of the server."""
    async with AsyncExitStack() as stack:
        yield Clients(stack, url)


@pytest.fixture
async def client(clients: Clients) -> NatsClient:
    """Return one open client."""
    return await clients.client()
