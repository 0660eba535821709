"""What JetStream promises to those who publish and declare, on every server with streams."""

from __future__ import annotations

import asyncio

import pytest

from fastnfurious.core.errors import ConfigurationError, OperationTimeout, StartupError
from fastnfurious.nats import NatsClient
from fastnfurious.nats.contract import InvalidSubject, MessageTooLarge
from fastnfurious.nats.jetstream import (
    JetStreamUnavailable,
    Published,
    Stream,
    StreamDiffers,
    StreamFull,
    StreamNotFound,
    WrongStream,
)
from servers.plugin import Backing
from tests.conformance.nats.conftest import Clients, make_client, nats_server, require


@pytest.fixture
async def client(streaming: str) -> NatsClient:
    """Return a client that is not open, and has declared a stream."""
    client = make_client(streaming)
    client.jetstream.stream("ORDERS", subjects=["orders.>"])
    return client


class TestPublishing:
    """A message that a stream keeps."""

    async def test_it_is_confirmed(self, client: NatsClient) -> None:
        """With the stream and its number there."""
        async with client:
            assert await client.jetstream.publish("orders.1", {"id": 1}) == Published("ORDERS", 1)
            assert await client.jetstream.publish("orders.2", b"") == Published("ORDERS", 2)

    async def test_one_with_a_known_identifier_is_not_kept_again(self, client: NatsClient) -> None:
        """It is confirmed all the same, as the duplicate that it is."""
        async with client:
            first = await client.jetstream.publish("orders.1", "a", id="one")
            again = await client.jetstream.publish("orders.1", "a", id="one")
            other = await client.jetstream.publish("orders.1", "a", id="two")
        assert (first, again) == (Published("ORDERS", 1), Published("ORDERS", 1, True))
        assert other == Published("ORDERS", 2)

    async def test_a_subject_without_a_stream_is_an_error(self, client: NatsClient) -> None:
        """It says what to declare."""
        async with client:
            with pytest.raises(StreamNotFound, match=r"stream\('NAME', subjects=\['bills.1'\]\)"):
                await client.jetstream.publish("bills.1", {})

    async def test_the_stream_can_be_named(self, client: NatsClient) -> None:
        """Another one takes the message for nobody."""
        async with client:
            kept = await client.jetstream.publish("orders.1", {}, expected_stream="ORDERS")
            assert kept.stream == "ORDERS"
            with pytest.raises(WrongStream, match="orders.1"):
                await client.jetstream.publish("orders.1", {}, expected_stream="BILLS")

    async def test_what_cannot_be_sent_is_told_at_once(self, client: NatsClient) -> None:
        """A wrong subject, and a payload that is too large for the stream."""
        client.jetstream.stream("SMALL", subjects=["small"], max_message_size=300)
        async with client:
            with pytest.raises(InvalidSubject):
                await client.jetstream.publish("a b", {})
            with pytest.raises(MessageTooLarge):
                await client.jetstream.publish("small", b"x" * 400)

    async def test_a_full_stream_says_so(self, client: NatsClient) -> None:
        """If it would rather refuse than forget."""
        client.jetstream.stream("FULL", subjects=["full"], max_messages=1, discard="new")
        async with client:
            await client.jetstream.publish("full", 1)
            with pytest.raises(StreamFull) as caught:
                await client.jetstream.publish("full", 2)
        assert caught.value.status == 503

    async def test_a_listener_that_confirms_nothing_is_a_timeout(self, client: NatsClient) -> None:
        """The message may be anywhere."""

        @client.subscribe("listened")
        async def listen(data: bytes) -> None:
            """Say nothing."""

        async with client:
            await client.flush()
            with pytest.raises(OperationTimeout, match="'listened' within 0.1 s"):
                await client.jetstream.publish("listened", {}, timeout=0.1)

    async def test_a_thousand_at_once(self, client: NatsClient) -> None:
        """Each has a number of its own."""
        async with client:
            published = await asyncio.gather(
                *(client.jetstream.publish("orders.n", n) for n in range(1000))
            )
        assert sorted(each.sequence for each in published) == list(range(1, 1001))


class TestStreams:
    """What is declared is there."""

    async def test_a_missing_one_is_created(self, members: Clients, streaming: str) -> None:
        """As it was declared, in code or in the settings."""
        declared = [{"name": "BILLS", "subjects": ["bills.*"], "max_age": 60, "storage": "memory"}]
        client = await members.client(streams=declared)
        assert await client.jetstream.publish("bills.1", {}) == Published("BILLS", 1)
        answer = await client.request_json("$JS.API.STREAM.INFO.BILLS")
        config = answer.value["config"]
        assert (config["max_age"], config["storage"]) == (60_000_000_000, "memory")

    async def test_one_that_is_there_is_left(self, client: NatsClient, members: Clients) -> None:
        """What an operator has tuned besides what was declared, too."""
        async with client:
            await client.jetstream.publish("orders.1", {})
        other = await members.client(streams=[{"name": "ORDERS", "subjects": ["orders.>"]}])
        assert await other.jetstream.publish("orders.1", {}) == Published("ORDERS", 2)

    async def test_one_that_differs_stops_the_start(
        self, client: NatsClient, streaming: str
    ) -> None:
        """The error names each field, what is there, what is wanted, and what to do."""
        async with client:
            pass
        other = make_client(streaming)
        other.jetstream.stream("ORDERS", subjects=["orders.*"], max_age=5, storage="memory")
        with pytest.raises(StreamDiffers) as caught:
            await other.open()
        await other.aclose()
        assert str(caught.value) == (
            "The stream 'ORDERS' is not as it is declared: "
            "subjects is ['orders.>'] there and ['orders.*'] is wanted; "
            "storage is file there and memory is wanted; "
            "max_age is 0.0 there and 5.0 is wanted. Declare what is there, change the stream, "
            "or have it changed with update=True"
        )

    async def test_one_that_differs_is_changed_on_request(
        self, client: NatsClient, streaming: str
    ) -> None:
        """The messages in it stay."""
        async with client:
            await client.jetstream.publish("orders.1", {})
        other = make_client(streaming)
        other.jetstream.stream("ORDERS", subjects=["orders.>", "more.>"], max_age=50, update=True)
        async with other:
            assert (await other.jetstream.publish("more.1", {})).sequence == 2

    async def test_what_the_server_refuses_stops_the_start(
        self, client: NatsClient, streaming: str
    ) -> None:
        """Two streams cannot keep the same subject."""
        async with client:
            pass
        other = make_client(streaming)
        other.jetstream.stream("OTHER", subjects=["orders.new"])
        with pytest.raises(StartupError, match="'OTHER' cannot be created.*overlap"):
            await other.open()
        await other.aclose()

    async def test_several_instances_may_start_at_once(self, streaming: str) -> None:
        """One of them creates the stream."""
        clients = [make_client(streaming) for _ in range(5)]
        for client in clients:
            client.jetstream.stream("ORDERS", subjects=["orders.>"], max_age=60)
        await asyncio.gather(*(client.open() for client in clients))
        await asyncio.gather(*(client.aclose() for client in clients))

    async def test_it_may_be_declared_late(self, members: Clients) -> None:
        """The next publication creates it."""
        client = await members.client()
        client.jetstream.stream("LATE", subjects=["late"])
        assert (await client.jetstream.publish("late", {})).stream == "LATE"


def test_a_declaration_that_cannot_be_is_refused_at_once() -> None:
    """Unknown fields, wrong values, and two declarations that contradict each other."""
    jetstream = make_client("nats://localhost:1").jetstream
    with pytest.raises(ConfigurationError, match="colour: Extra inputs"):
        jetstream.stream("A", subjects=["a"], colour="blue")
    with pytest.raises(ConfigurationError, match="max_age: Input should be greater"):
        jetstream.stream("A", subjects=["a"], max_age=-1)
    jetstream.stream("A", subjects=["a"])
    jetstream.stream("A", subjects=["a"])
    with pytest.raises(ConfigurationError, match="'A' is declared twice"):
        jetstream.stream("A", subjects=["b"])


def test_only_what_is_said_is_compared() -> None:
    """And what the server leaves out is its default."""
    stream = Stream(name="A", subjects=["a", "b"], max_bytes=-1, max_age=0)
    assert stream.differences({"subjects": ["b", "a"], "max_bytes": 0, "storage": "memory"}) == []


async def test_a_server_without_jetstream_is_one_that_is_not_ready(backing: Backing) -> None:
    """Its streams may come up later, or it has to be started with them."""
    require(backing, "nats")
    async with nats_server() as url, make_client(url, timeout=0.2) as client:
        with pytest.raises(JetStreamUnavailable, match="NATS_URL names has to run with -js"):
            await client.jetstream.key_value("settings").get("a")
