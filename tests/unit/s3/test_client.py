"""The remote client against servers that misbehave."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from fastnfurious import FastNFuriousSettings
from fastnfurious.core.errors import OperationTimeout, ResourceUnavailable, StartupError
from fastnfurious.core.health import HealthStatus
from fastnfurious.s3.client import S3Client
from fastnfurious.s3.errors import AccessDenied, PreconditionFailed, StorageError
from fastnfurious.s3.integration import S3Integration
from fastnfurious.s3.settings import S3Settings

SILENT = b""
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
SHORT = b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\nETag: "e"\r\n\r\nonly this'
HTML = b"HTTP/1.1 400 Bad\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<h1>"


def error(status: str, code: str) -> bytes:
    """Return an error as S3 answers it."""
    body = f"<Error><Code>{code}</Code><Message>m</Message></Error>".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


def settings(endpoint: str, **others: Any) -> S3Settings:
    """Return settings for a server that nobody waits long for."""
    known = {"timeout_seconds": 0.2, "retries": 1, "connections": 2, **others}
    secret = SecretStr("a-secret")
    return S3Settings(endpoint=endpoint, access_key="key", secret_key=secret, **known)


class Server:
    """Answer every request with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self.endpoint = ""
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the client leaves."""
        self.writers.append(writer)
        try:
            while line := await reader.readline():
                self.requests.append(line)
                length = 0
                while (header := await reader.readline()) not in (b"\r\n", b""):
                    if header.lower().startswith(b"content-length:"):
                        length = int(header.split(b":")[1])
                await reader.readexactly(length)
                writer.write(self.answer)
                await writer.drain()
                if self.answer is SHORT:
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(answer: bytes) -> AsyncIterator[Server]:
    """Run such a server."""
    server = Server(answer)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.endpoint = "http://127.0.0.1:%d" % listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for writer in server.writers:
            writer.close()
        await asyncio.sleep(0)


@asynccontextmanager
async def client_of(answer: bytes, **others: Any) -> AsyncIterator[tuple[S3Client, Server]]:
    """Run such a server and a client for it."""
    async with serving(answer) as server:
        client = S3Client(settings(server.endpoint, **others))
        try:
            yield client, server
            assert client.connections.in_use == 0
        finally:
            await client.aclose()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


ASKED: list[Callable[[S3Client], Any]] = [
    lambda client: client["models"].get("a"),
    lambda client: client["models"].stat("a"),
    lambda client: client["models"].put("a", b"x"),
    lambda client: client["models"].delete("a"),
    lambda client: client.bucket_names(),
]


@pytest.mark.parametrize("ask", ASKED)
class TestAServerThatIs:
    """Every call ends, with an error of ours that holds no secret."""

    async def test_away(self, ask: Callable[[S3Client], Any]) -> None:
        """The setting with the address is named."""
        client = S3Client(settings(f"http://127.0.0.1:{free_port()}"))
        with pytest.raises(ResourceUnavailable, match="S3_ENDPOINT") as caught:
            await ask(client)
        assert "secret" not in str(caught.value)
        await client.aclose()

    async def test_silent(self, ask: Callable[[S3Client], Any]) -> None:
        """Waiting once is enough, whatever the number of retries."""
        async with client_of(SILENT) as (client, server):
            with pytest.raises(OperationTimeout, match="S3_TIMEOUT_SECONDS"):
                await ask(client)
            assert len(server.requests) == 1

    async def test_busy(self, ask: Callable[[S3Client], Any]) -> None:
        """It is tried again before the caller is told."""
        async with client_of(BUSY) as (client, server):
            with pytest.raises(ResourceUnavailable, match="keeps failing"):
                await ask(client)
            assert len(server.requests) == 2

    async def test_strict(self, ask: Callable[[S3Client], Any]) -> None:
        """What the credentials do not allow is told apart from what is not there."""
        async with client_of(error("403 Forbidden", "AccessDenied")) as (client, _):
            with pytest.raises((AccessDenied, StorageError)):
                await ask(client)


async def test_a_body_that_ends_early_is_an_error() -> None:
    """Nobody takes half an object for a whole one, and the connection is back."""
    async with client_of(SHORT) as (client, _):
        with pytest.raises(ResourceUnavailable):
            await client["models"].get("a")


async def test_what_is_not_s3_is_an_error() -> None:
    """A proxy's page is no object."""
    async with client_of(HTML) as (client, _):
        with pytest.raises(StorageError, match="unreadable"):
            await client["models"].get("a")


async def test_a_condition_is_not_tried_twice() -> None:
    """The second try would fail because the first has succeeded."""
    async with client_of(BUSY) as (client, server):
        with pytest.raises(ResourceUnavailable):
            await client["models"].put("a", b"x", if_none_match=True)
        assert len(server.requests) == 1


async def test_a_condition_that_another_writer_is_about_to_break_is_one_that_failed() -> None:
    """Amazon answers 409 while two writers are at it."""
    async with client_of(error("409 Conflict", "ConditionalRequestConflict")) as (client, _):
        with pytest.raises(PreconditionFailed):
            await client["models"].put("a", b"x", if_none_match=True)


async def test_a_cancelled_call_frees_its_connection() -> None:
    """As soon as the time limit of the call that nobody waits for has passed."""
    async with client_of(SILENT, connections=1) as (client, server):
        for _ in range(3):
            task = asyncio.create_task(client["models"].get("a"))
            while not server.requests:
                await asyncio.sleep(0.001)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            server.requests.clear()
            while client.connections.in_use:
                await asyncio.sleep(0.001)


class TestTheIntegration:
    """An application on a server."""

    async def test_goes_on_without_a_server_that_is_away(self) -> None:
        """It starts, says how it is, and recovers by itself."""
        away = settings(f"http://127.0.0.1:{free_port()}", buckets="models")
        integration = S3Integration(away, FastNFuriousSettings(environment="production"))
        with pytest.raises(ResourceUnavailable, match="not running"):
            integration.resource
        await integration.open()
        result = await integration.check()
        assert result.status is HealthStatus.FAIL
        assert "S3_ENDPOINT" in (result.output or "")
        await integration.aclose()
        await integration.aclose()

    async def test_does_not_start_with_wrong_credentials(self) -> None:
        """The settings that are wrong are named."""
        async with serving(error("403 Forbidden", "InvalidAccessKeyId")) as server:
            wrong = settings(server.endpoint)
            integration = S3Integration(wrong, FastNFuriousSettings(environment="production"))
            with pytest.raises(StartupError, match="S3_ACCESS_KEY and S3_SECRET_KEY"):
                await integration.open()
            await integration.aclose()

    async def test_is_well_if_it_may_not_see_all_buckets(self) -> None:
        """A key for one bucket is enough."""
        async with serving(error("403 Forbidden", "AccessDenied")) as server:
            narrow = settings(server.endpoint)
            integration = S3Integration(narrow, FastNFuriousSettings(environment="production"))
            await integration.open()
            assert (await integration.check()).status is HealthStatus.PASS
            assert integration.status.address == server.endpoint
            await integration.aclose()
