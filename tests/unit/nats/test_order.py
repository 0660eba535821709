"""What a client says arrives in the order in which it was said, its PING last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fastnfurious.nats import NatsClient, NatsSettings

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


def _client(url: str) -> NatsClient:
    async def find_servers() -> list[str]:
        return [url]

    return NatsClient(NatsSettings(url=url), name="test", find_servers=find_servers)
