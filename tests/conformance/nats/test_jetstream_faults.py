"""What becomes of streams, consumers and stores when the server goes away and returns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fastnfurious.core.errors import FastNFuriousError, ResourceUnavailable
from fastnfurious.core.health import HealthStatus
from fastnfurious.nats import EmbeddedServer, NatsClient
from fastnfurious.nats.jetstream import Delivery
from servers.plugin import Backing
from tests.conformance.nats.conftest import STREAMING, Seen, make_client, require
from tests.conformance.nats.test_faults import RealServer, Server, away


@pytest.fixture(params=STREAMING)
async def server(
    request: pytest.FixtureRequest, backing: Backing, anyio_backend: object, tmp_path: Path
) -> AsyncIterator[Server]:
    """Return each server with streams in turn, running."""
    require(backing, request.param)
    embedded = request.param == "embedded"
    server: Server = EmbeddedServer() if embedded else RealServer("-js", "-sd", str(tmp_path))
    await server.start()
    yield server
    await server.stop()


def declare(client: NatsClient) -> NatsClient:
    """Declare the stream of these tests."""
    client.jetstream.stream("ORDERS", subjects=["orders.>"])
    return client


async def test_nothing_confirmed_is_lost_while_the_server_is_killed_under_load(
    server: Server,
) -> None:
    """Each message that a stream has confirmed is handled at least once."""
    handled, confirmed, stopped = set[int](), set[int](), False
    numbers = iter(range(1_000_000))
    publisher, worker = declare(make_client(server.url)), make_client(server.url)

    @worker.jetstream.consume("orders.*", durable="billing", concurrency=5, ack_wait=1)
    async def bill(number: int) -> None:
        await asyncio.sleep(0.001)
        handled.add(number)

    async def publish() -> None:
        while not stopped:
            number = next(numbers)
            try:
                await publisher.jetstream.publish("orders.new", number)
                confirmed.add(number)
            except FastNFuriousError:
                await asyncio.sleep(0.01)

    async with publisher, worker:
        publishing = [asyncio.create_task(publish()) for _ in range(5)]
        for _ in range(3):
            await asyncio.sleep(0.3)
            await server.stop()
            await away(worker)
            await server.start()
        await asyncio.sleep(0.5)
        stopped = True
        await asyncio.gather(*publishing)
        assert len(confirmed) > 100
        async with asyncio.timeout(20):
            while not confirmed <= handled:
                await asyncio.sleep(0.05)


async def test_a_publication_outlives_a_short_absence(server: Server) -> None:
    """It is sent again, and kept once."""
    async with declare(make_client(server.url)) as client:
        await client.jetstream.publish("orders.new", 1)
        await server.stop()
        publishing = asyncio.create_task(client.jetstream.publish("orders.new", 2, timeout=10))
        await away(client)
        await server.start()
        assert (await publishing).sequence == 2


async def test_a_publication_to_a_server_that_stays_away_fails(server: Server) -> None:
    """In the time that it was given."""
    async with declare(make_client(server.url)) as client:
        await server.stop()
        await away(client)
        async with asyncio.timeout(2):
            with pytest.raises(ResourceUnavailable):
                await client.jetstream.publish("orders.new", 1, timeout=0.3)


async def test_a_consumer_starts_when_the_server_comes_up(server: Server, seen: Seen) -> None:
    """A service does not have to wait for its server; its health says what is missing."""
    await server.stop()
    client = declare(make_client(server.url, connect_timeout=0.2))

    @client.jetstream.consume("orders.*", durable="billing")
    async def bill(number: int) -> None:
        seen.put(number)

    await client.open()
    try:
        assert (await client.check()).status is HealthStatus.FAIL
        await server.start()
        async with asyncio.timeout(10):
            while not seen.got:
                try:
                    await client.jetstream.publish("orders.new", 1, id="one")
                except FastNFuriousError:
                    await asyncio.sleep(0.05)
        assert (await client.check()).status is HealthStatus.PASS
    finally:
        await client.aclose()


async def test_what_is_in_hand_when_the_server_goes_is_settled_on_its_return(
    server: Server, seen: Seen
) -> None:
    """It is handled once, not begun again."""
    client, gate = declare(make_client(server.url)), asyncio.Event()

    @client.jetstream.consume("orders.*", durable="billing", concurrency=2)
    async def bill(number: int, delivery: Delivery) -> None:
        seen.put(number)
        await gate.wait()

    async with client:
        await client.jetstream.publish("orders.new", 1)
        await seen.wait(1)
        await server.stop()
        await away(client)
        gate.set()
        await server.start()
        async with asyncio.timeout(10):
            while True:
                try:
                    answer = await client.request_json("$JS.API.CONSUMER.INFO.ORDERS.billing")
                    if answer.value.get("num_ack_pending") == 0:
                        break
                except FastNFuriousError:
                    pass
                await asyncio.sleep(0.02)
    assert seen.got == [1]


async def test_closing_while_the_server_is_away_does_not_hang(server: Server, seen: Seen) -> None:
    """And raises nothing."""
    client = declare(make_client(server.url))

    @client.jetstream.consume("orders.*", durable="billing")
    async def bill(number: int) -> None:
        seen.put(number)

    await client.open()
    await server.stop()
    await away(client)
    async with asyncio.timeout(3):
        await client.aclose()


async def test_a_watch_goes_on_without_a_gap(server: Server, seen: Seen) -> None:
    """Also when it was the server that went."""
    async with make_client(server.url) as client, make_client(server.url) as other:
        store = client.jetstream.key_value("settings")
        await store.put("a", 0)

        async def follow() -> None:
            async for entry in store.watch():
                seen.put(entry.json)

        watching = asyncio.create_task(follow())
        await seen.wait(1)
        for number in (1, 2):
            await server.stop()
            await away(client)
            await server.start()
            async with asyncio.timeout(10):
                while True:
                    try:
                        await other.jetstream.key_value("settings").put("a", number)
                        break
                    except FastNFuriousError:
                        await asyncio.sleep(0.05)
            await seen.wait(number + 1, seconds=10)
        watching.cancel()
    assert sorted(set(seen.got)) == [0, 1, 2]
