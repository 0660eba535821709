"""What a client says arrives in the order in which it was said, its PING last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from fastnfurious.nats import EmbeddedServer, NatsClient, NatsSettings
from fastnfurious.nats.client import NatsConnection
from fastnfurious.nats.contract import BufferFull

_INFO = b'INFO {"server_id":"x","version":"2.10.0","max_payload":1048576,"headers":true}\r\n'


@asynccontextmanager
async def listening(heard: list[str]) -> AsyncIterator[str]:
    """Run a server that takes down each command, and give its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_INFO)
        while line := (await reader.readline()).decode():
            heard.append(line.split()[0] if line.strip() else "")
            if heard[-1] == "PING":
                writer.write(b"PONG\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as an application does."""
    return "asyncio"


@pytest.mark.anyio
async def test_no_question_overtakes_what_it_asks_about(anyio_backend: str) -> None:
    """A PONG proves that publications have arrived, and that an ended subscription has ended."""
    heard: list[str] = []
    async with listening(heard) as url, _client(url) as client:

        @client.subscribe("news")
        async def on_news(text: str) -> None: ...

        await client.flush()
        for said, saying in (("PUB", client.publish("news", b"x")), ("UNSUB", on_news.stop())):
            heard.clear()
            await saying
            await client.flush()
            assert said in heard[: heard.index("PING")]


@pytest.mark.anyio
async def test_those_who_publish_do_not_keep_a_connection_from_being_used(
    anyio_backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has waited is sent, although more is published faster than it can be."""
    send = NatsConnection.publish

    async def send_slowly(self: NatsConnection, *said: Any) -> None:
        await asyncio.sleep(0.001)
        await send(self, *said)

    async def publish(client: NatsClient) -> None:
        while True:
            with suppress(BufferFull):
                await client.publish("news", b"x")
            await asyncio.sleep(0)

    monkeypatch.setattr(NatsConnection, "publish", send_slowly)
    async with EmbeddedServer() as server:
        client = _client(server.url, pending_bytes=100)
        await server.stop()
        await client.open()
        publishing = [asyncio.create_task(publish(client)) for _ in range(5)]
        await asyncio.sleep(0.01)
        await server.start()
        async with asyncio.timeout(5):
            await (await client.link()).wait_connected(5)
        for task in publishing:
            task.cancel()
        await asyncio.wait(publishing)
        await client.aclose()


def _client(url: str, **settings: Any) -> NatsClient:
    async def find_servers() -> list[str]:
        return [url]

    return NatsClient(NatsSettings(url=url, **settings), name="test", find_servers=find_servers)
