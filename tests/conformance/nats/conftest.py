"""The servers that the contract of NATS is proved on: the embedded one, and nats-server."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import nats
import psutil
import pytest
from nats.aio.client import Client

from fastnfurious.nats import EmbeddedServer, NatsClient, NatsSettings
from servers import find
from servers.fleet import Fleet
from servers.plugin import Backing
from tests.conformance.nats.room import Room
from tests.conformance.nats.wire import Wire

WAYS = ["embedded", "nats"]
STREAMING = ["embedded", "nats"]
"""The servers that keep messages in streams."""


def find_program() -> str | None:
    """Return the nats-server to run: that of the servers that are up, or one on the PATH."""
    for running in Fleet().running():
        if running.endpoint.name == "nats":
            return psutil.Process(running.process.pid).exe()
    return shutil.which("nats-server")


def require(backing: Backing, way: str) -> None:
    """Note for the closing table where a test runs; skip it when that server cannot be had.

    The tests run servers of their own, because they stop them, and use each subject as if they
    were alone.
    """
    if way == "embedded" or find("nats") is not None or find_program() is None:
        backing("nats", way)


@asynccontextmanager
async def nats_server(*options: str) -> AsyncIterator[str]:
    """Run a nats-server of our own on a free port, and give its address."""
    process = await asyncio.create_subprocess_exec(
        str(find_program()), "-a", "127.0.0.1", "-p", "-1", *options, stderr=asyncio.subprocess.PIPE
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


@pytest.fixture(params=WAYS)
async def url(
    request: pytest.FixtureRequest, backing: Backing, anyio_backend: object
) -> AsyncIterator[str]:
    """Return the address of each server in turn."""
    require(backing, request.param)
    if request.param == "embedded":
        async with EmbeddedServer() as server:
            yield server.url
        return
    async with nats_server() as address:
        yield address


@pytest.fixture(params=WAYS)
async def guarded(
    request: pytest.FixtureRequest, backing: Backing, anyio_backend: object
) -> AsyncIterator[str]:
    """Return the address of a server that asks for a user's password."""
    require(backing, request.param)
    if request.param == "embedded":
        async with EmbeddedServer(user="alice", password="open sesame") as server:
            yield server.url
        return
    async with nats_server("--user", "alice", "--pass", "open sesame") as address:
        yield address


@pytest.fixture(params=STREAMING)
async def streaming(
    request: pytest.FixtureRequest, backing: Backing, anyio_backend: object, tmp_path: Path
) -> AsyncIterator[str]:
    """Return the address of each server that keeps messages in streams, in turn."""
    require(backing, request.param)
    if request.param == "embedded":
        async with EmbeddedServer() as server:
            yield server.url
        return
    async with nats_server("-js", "-sd", str(tmp_path)) as address:
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


@pytest.fixture
async def members(streaming: str) -> AsyncIterator[Clients]:
    """Return what makes clients of a server with streams."""
    async with AsyncExitStack() as stack:
        yield Clients(stack, streaming)


class Seen:
    """Collect what handlers get."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self._changed = asyncio.Event()

    def put(self, value: Any) -> None:
        """Remember a value."""
        self.got.append(value)
        self._changed.set()

    async def wait(self, count: int, seconds: float = 5) -> list[Any]:
        """Return what was got, when it is as much as expected."""
        async with asyncio.timeout(seconds):
            while len(self.got) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.got


@pytest.fixture
def seen() -> Seen:
    """Return a place for what handlers get."""
    return Seen()


@pytest.fixture(params=WAYS)
async def driver(
    request: pytest.FixtureRequest, backing: Backing, anyio_backend: object
) -> AsyncIterator[Client]:
    """Return a connection of plain nats-py to each server with JetStream in turn."""
    endpoint = backing("jetstream", request.param)
    async with EmbeddedServer() as server:
        connection = await nats.connect(endpoint.url if endpoint else server.url)
        yield connection
        await connection.close()


@pytest.fixture
async def room(driver: Client) -> AsyncIterator[Room]:
    """Return where a test of JetStream is alone."""
    room = Room(driver)
    yield room
    await room.close()
