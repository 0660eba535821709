"""JetStream at the wire: plain nats-py finds the embedded server to be like nats-server."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api

from fastnfurious.nats import EmbeddedServer
from servers.plugin import Backing
from tests.conformance.nats.conftest import WAYS


@pytest.fixture(params=WAYS)
async def connection(
    request: pytest.FixtureRequest, backing: Backing, anyio_backend: object
) -> AsyncIterator[Client]:
    """Return a connection of plain nats-py to each server in turn."""
    endpoint = backing("jetstream", request.param)
    async with EmbeddedServer() as server:
        driver = await nats.connect(endpoint.url if endpoint else server.url)
        try:
            yield driver
        finally:
            await driver.close()


class Room:
    """Name streams that nobody else uses, and remove them at the end.

    Args:
        connection: Connection to the server.
    """

    def __init__(self, connection: Client) -> None:
        self.nc = connection
        self.js: JetStreamContext = connection.jetstream(timeout=5)
        self.name = "T" + uuid.uuid4().hex[:12]
        self._made: list[str] = []

    def subject(self, rest: str) -> str:
        """Return a subject that nobody else uses."""
        return f"{self.name}.{rest}"

    async def stream(self, **settings: Any) -> str:
        """Create a stream over all our subjects; return its name."""
        settings = {"storage": "memory", "subjects": [self.subject(">")], **settings}
        await self.js.add_stream(name=self.name, **settings)
        return self.name

    async def publish(self, *texts: str, subject: str = "a") -> None:
        """Publish some messages."""
        for text in texts:
            await self.js.publish(self.subject(subject), text.encode())

    async def puller(self, **settings: Any) -> JetStreamContext.PullSubscription:
        """Create a durable consumer, and return what fetches from it."""
        config = api.ConsumerConfig(durable_name="c", name="c", **settings)
        await self.js.add_consumer(self.name, config)
        return await self.js.pull_subscribe_bind(consumer="c", stream=self.name)

    async def close(self) -> None:
        """Remove what was made."""
        request = json.dumps({"subject": self.subject(">")}).encode()
        answer = await self.nc.request("$JS.API.STREAM.NAMES", request)
        for name in json.loads(answer.data)["streams"] or []:
            await self.js.delete_stream(name)


@pytest.fixture
async def room(connection: Client) -> AsyncIterator[Room]:
    """Return where a test is alone."""
    room = Room(connection)
    yield room
    await room.close()


async def texts(messages: list[Msg], *, ack: bool = True) -> list[str]:
    """Return what messages say, and acknowledge them."""
    if ack:
        for message in messages:
            await message.ack_sync()
    return [message.data.decode() for message in messages]


class TestPublishing:
    """What is published is kept, once, and only if it is as expected."""

    async def test_a_publisher_is_told_the_number(self, room: Room) -> None:
        """Of the message in its stream."""
        stream = await room.stream()
        acks = [await room.js.publish(room.subject("a")) for _ in range(2)]
        assert [(ack.stream, ack.seq, ack.duplicate) for ack in acks] == [
            (stream, 1, None),
            (stream, 2, None),
        ]

    async def test_the_same_id_is_kept_once(self, room: Room) -> None:
        """As long as the window lasts."""
        await room.stream(duplicate_window=0.2)
        headers = {"Nats-Msg-Id": "one"}
        first = await room.js.publish(room.subject("a"), b"1", headers=headers)
        again = await room.js.publish(room.subject("b"), b"2", headers=headers)
        assert (again.seq, again.duplicate) == (first.seq, True)
        await asyncio.sleep(0.5)
        later = await room.js.publish(room.subject("a"), b"3", headers=headers)
        assert (later.seq, later.duplicate) == (2, None)


class TestPulling:
    """Consumers give messages to those who ask for them."""

    async def test_messages_are_fetched_in_order(self, room: Room) -> None:
        """And acknowledged ones do not come again."""
        await room.stream()
        await room.publish("1", "2", "3")
        puller = await room.puller()
        assert await texts(await puller.fetch(2, timeout=2)) == ["1", "2"]
        assert await texts(await puller.fetch(2, timeout=2)) == ["3"]
        info = await puller.consumer_info()
        assert (info.num_pending, info.num_ack_pending) == (0, 0)

    async def test_a_request_waits_for_what_is_published_later(self, room: Room) -> None:
        """Within its time limit."""
        await room.stream()
        puller = await room.puller()
        fetching = asyncio.create_task(puller.fetch(1, timeout=5))
        await asyncio.sleep(0.1)
        await room.publish("late")
        assert await texts(await fetching) == ["late"]

    async def test_what_is_refused_comes_again(self, room: Room) -> None:
        """With a higher count of deliveries."""
        await room.stream()
        await room.publish("1")
        puller = await room.puller()
        [message] = await puller.fetch(1, timeout=2)
        await message.nak()
        [again] = await puller.fetch(1, timeout=2)
        assert again.metadata.num_delivered == 2
        await again.ack_sync()
        with pytest.raises(nats.errors.TimeoutError):
            await puller.fetch(1, timeout=0.3)

    async def test_what_is_not_acknowledged_comes_again(self, room: Room) -> None:
        """When its time is up."""
        await room.stream()
        await room.publish("1")
        puller = await room.puller(ack_wait=0.3)
        assert await texts(await puller.fetch(1, timeout=2), ack=False) == ["1"]
        [again] = await puller.fetch(1, timeout=3)
        assert again.metadata.num_delivered == 2
