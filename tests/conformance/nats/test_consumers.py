"""What durable consumers promise, on every server with streams."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from pydantic import BaseModel

from fastnfurious.core.errors import ConfigurationError, StartupError
from fastnfurious.core.health import HealthStatus
from fastnfurious.nats import Message, NatsClient
from fastnfurious.nats.jetstream import Delivery, Reject, Retry
from tests.conformance.nats.conftest import Clients, Seen, make_client


class Order(BaseModel):
    """A payload."""

    id: int


def declare(client: NatsClient) -> NatsClient:
    """Declare the streams of these tests."""
    client.jetstream.stream("ORDERS", subjects=["orders.>"])
    client.jetstream.stream("DEAD", subjects=["dead.>"])
    return client


@pytest.fixture
def client(streaming: str) -> NatsClient:
    """Return a client that is not open, with its streams declared."""
    return declare(make_client(streaming))


async def dead_letters(client: NatsClient, seen: Seen) -> None:
    """Collect the dead letters."""

    @client.subscribe("dead.>")
    async def collect(data: bytes, headers: Mapping[str, str]) -> None:
        words = {name: value for name, value in headers.items() if name.startswith("Dead-")}
        seen.put((data, words))

    await client.flush()


async def pending(client: NatsClient, durable: str) -> tuple[int, int]:
    """Return how many messages are not handled, and how many not delivered."""
    answer = await client.request_json(f"$JS.API.CONSUMER.INFO.ORDERS.{durable}")
    return answer.value["num_ack_pending"], answer.value["num_pending"]


async def settled(client: NatsClient, durable: str) -> None:
    """Wait until the server knows that all messages are settled."""
    async with asyncio.timeout(5):
        while await pending(client, durable) != (0, 0):
            await asyncio.sleep(0.01)


async def test_messages_reach_the_handler_in_the_annotated_type(
    client: NatsClient, seen: Seen
) -> None:
    """In order, those from before the start included, with what else it asks for."""

    @client.jetstream.consume("orders.*", durable="billing")
    async def bill(order: Order, message: Message, delivery: Delivery) -> None:
        seen.put((order.id, message.subject, delivery.stream, delivery.sequence, delivery.attempt))

    early = declare(make_client(client_url(client)))
    async with early:
        await early.jetstream.publish("orders.new", Order(id=1))
    async with client:
        await client.jetstream.publish("orders.old", {"id": 2})
        got = await seen.wait(2)
        await settled(client, "billing")
    assert got == [(1, "orders.new", "ORDERS", 1, 1), (2, "orders.old", "ORDERS", 2, 1)]


def client_url(client: NatsClient) -> str:
    """Return where a client's server is."""
    finder = vars(client)["_find_servers"]
    return str(finder.__closure__[0].cell_contents)


async def test_a_consumer_goes_on_where_it_stopped(streaming: str, seen: Seen) -> None:
    """What was handled does not come again; what came meanwhile does."""
    for number in (1, 2):
        client = declare(make_client(streaming))

        @client.jetstream.consume("orders.*", durable="billing", stream="ORDERS")
        async def bill(order: Order) -> None:
            seen.put(order.id)

        async with client:
            await client.jetstream.publish("orders.new", {"id": number})
            await seen.wait(number)
    assert seen.got == [1, 2]


async def test_a_handler_that_raises_gets_the_message_again(client: NatsClient, seen: Seen) -> None:
    """After a pause, and others are handled meanwhile."""

    @client.jetstream.consume("orders.*", durable="billing", backoff=[0.1])
    async def bill(order: Order, delivery: Delivery) -> None:
        seen.put((order.id, delivery.attempt))
        if order.id == 1 and delivery.attempt < 3:
            raise RuntimeError("try again")

    async with client:
        for number in (1, 2):
            await client.jetstream.publish("orders.new", {"id": number})
        got = await seen.wait(4)
        await settled(client, "billing")
    assert got == [(1, 1), (2, 1), (1, 2), (1, 3)]


async def test_a_handler_may_choose_the_pause(client: NatsClient, seen: Seen) -> None:
    """As one does whose own service is asked to wait."""

    @client.jetstream.consume("orders.*", durable="billing", backoff=[60])
    async def bill(order: Order, delivery: Delivery) -> None:
        seen.put(delivery.attempt)
        if delivery.attempt == 1:
            raise Retry("not open yet", after=0.05)

    async with client:
        await client.jetstream.publish("orders.new", {"id": 1})
        assert await seen.wait(2) == [1, 2]


async def test_a_message_that_always_fails_ends_among_the_dead_letters(
    client: NatsClient, seen: Seen
) -> None:
    """After the last attempt, with the reason in its headers."""
    tried = Seen()

    @client.jetstream.consume(
        "orders.*", durable="billing", backoff=[0.01], max_deliveries=3, dead_letter="dead.orders"
    )
    async def bill(order: Order) -> None:
        tried.put(order.id)
        raise ZeroDivisionError("password=hunter2")

    async with client:
        await dead_letters(client, seen)
        await client.jetstream.publish("orders.new", {"id": 1}, headers={"Colour": "blue"})
        [(data, headers)] = await seen.wait(1)
        await settled(client, "billing")
    assert tried.got == [1, 1, 1]
    assert data == b'{"id":1}'
    assert headers == {
        "Dead-Letter-Reason": "exhausted",
        "Dead-Letter-Error": "ZeroDivisionError",
        "Dead-Letter-Stream": "ORDERS",
        "Dead-Letter-Subject": "orders.new",
        "Dead-Letter-Sequence": "1",
        "Dead-Letter-Consumer": "billing",
        "Dead-Letter-Deliveries": "3",
    }


async def test_what_no_retry_can_help_is_given_up_at_once(client: NatsClient, seen: Seen) -> None:
    """What the handler rejects, and what does not fit."""

    @client.jetstream.consume("orders.*", durable="billing", dead_letter="dead.orders")
    async def bill(order: Order) -> None:
        raise Reject("nobody\npays")

    async with client:
        await dead_letters(client, seen)
        await client.jetstream.publish("orders.new", {"id": 1})
        await client.jetstream.publish("orders.new", b"{")
        letters = await seen.wait(2)
        await settled(client, "billing")
    assert [(words["Dead-Letter-Reason"], data) for data, words in letters] == [
        ("rejected", b'{"id":1}'),
        ("invalid", b"{"),
    ]
    assert letters[0][1]["Dead-Letter-Error"] == "Reject: nobody pays"


async def test_without_a_subject_for_them_dead_letters_stay_in_the_stream(
    client: NatsClient, seen: Seen
) -> None:
    """They do not come again."""

    @client.jetstream.consume("orders.*", durable="billing")
    async def bill(order: Order) -> None:
        seen.put(order.id)
        if order.id == 1:
            raise Reject("no")

    async with client:
        for number in (1, 2):
            await client.jetstream.publish("orders.new", {"id": number})
        assert await seen.wait(2) == [1, 2]
        await settled(client, "billing")


async def test_a_long_handler_keeps_its_message(streaming: str, seen: Seen) -> None:
    """The server is told that it is at work; no other process gets the message."""
    members = [declare(make_client(streaming)) for _ in range(2)]
    for member in members:

        @member.jetstream.consume("orders.*", durable="billing", ack_wait=0.3)
        async def bill(order: Order) -> None:
            seen.put(order.id)
            await asyncio.sleep(1)

    async with members[0], members[1]:
        await members[0].jetstream.publish("orders.new", {"id": 1})
        await seen.wait(1)
        await settled(members[0], "billing")
    assert seen.got == [1]


async def test_a_message_in_hand_is_not_begun_again(client: NatsClient, seen: Seen) -> None:
    """When the server delivers it once more, as it does with a process that it has not heard."""

    @client.jetstream.consume("orders.*", durable="billing", concurrency=2)
    async def bill(order: Order, message: Message) -> None:
        seen.put(message.reply)
        await asyncio.sleep(0.5)

    async with client:
        await client.jetstream.publish("orders.new", {"id": 1})
        [reply] = await seen.wait(1)
        await client.publish(reply, b"-NAK")
        await settled(client, "billing")
    assert len(seen.got) == 1


async def test_as_many_are_handled_at_once_as_allowed(client: NatsClient, seen: Seen) -> None:
    """And no more are fetched."""
    busy = most = 0

    @client.jetstream.consume("orders.*", durable="billing", concurrency=3)
    async def bill(order: Order) -> None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.01)
        busy -= 1
        seen.put(order.id)

    async with client:
        for number in range(12):
            await client.jetstream.publish("orders.new", {"id": number})
        assert sorted(await seen.wait(12)) == list(range(12))
    assert most == 3


async def test_instances_share_the_messages(streaming: str, seen: Seen) -> None:
    """Each message reaches one of them."""
    members = [declare(make_client(streaming)) for _ in range(2)]
    for name, member in enumerate(members):

        @member.jetstream.consume("orders.*", durable="billing")
        async def bill(order: Order, name: int = name) -> None:
            await asyncio.sleep(0.005)
            seen.put((name, order.id))

    async with members[0], members[1]:
        for number in range(20):
            await members[0].jetstream.publish("orders.new", {"id": number})
        got = await seen.wait(20)
    assert sorted(number for _, number in got) == list(range(20))
    assert {name for name, _ in got} == {0, 1}


async def test_a_shutdown_finishes_what_is_in_hand(streaming: str, seen: Seen) -> None:
    """And leaves the rest to others, who get it at once."""
    leaving, staying = declare(make_client(streaming)), declare(make_client(streaming))

    @leaving.jetstream.consume("orders.*", durable="billing")
    async def slow(order: Order) -> None:
        seen.put(("begun", order.id))
        await asyncio.sleep(0.3)
        seen.put(("done", order.id))

    @staying.jetstream.consume("orders.*", durable="billing")
    async def bill(order: Order, delivery: Delivery) -> None:
        seen.put(("taken", order.id))

    async with leaving:
        for number in range(3):
            await leaving.jetstream.publish("orders.new", {"id": number})
        await seen.wait(1)
    assert seen.got == [("begun", 0), ("done", 0)]
    async with staying:
        assert (await seen.wait(4))[2:] == [("taken", 1), ("taken", 2)]


async def test_a_handler_that_hangs_at_the_shutdown_hands_its_message_back(
    streaming: str, seen: Seen
) -> None:
    """It is cancelled after the time for it, and another gets the message at once."""
    leaving = declare(make_client(streaming, drain_timeout=0.1))
    staying = declare(make_client(streaming))

    @leaving.jetstream.consume("orders.*", durable="billing")
    async def hang(order: Order) -> None:
        seen.put("begun")
        await asyncio.sleep(60)

    @staying.jetstream.consume("orders.*", durable="billing")
    async def bill(order: Order, delivery: Delivery) -> None:
        seen.put(delivery.attempt)

    async with leaving:
        await leaving.jetstream.publish("orders.new", {"id": 1})
        await seen.wait(1)
    async with staying:
        assert (await seen.wait(2)) == ["begun", 2]


async def test_a_message_over_which_processes_die_is_given_up(streaming: str, seen: Seen) -> None:
    """It was delivered too often, though no handler ever came to an end with it."""
    client = declare(make_client(streaming))

    @client.jetstream.consume(
        "orders.*", durable="billing", max_deliveries=1, dead_letter="dead.x", ack_wait=0.2
    )
    async def bill(order: Order) -> None:
        seen.put(order.id)

    async with client:
        pass
    async with declare(make_client(streaming)) as other:
        await dead_letters(other, seen)
        await other.jetstream.publish("orders.new", {"id": 1})
        # Somebody takes the message and is never heard of again.
        taken = Seen()

        @other.subscribe("taken")
        async def take(data: bytes) -> None:
            taken.put(data)

        await other.flush()
        next_one = "$JS.API.CONSUMER.MSG.NEXT.ORDERS.billing"
        await other.publish(next_one, {"batch": 1}, reply="taken")
        await taken.wait(1)
        async with client:
            [(data, headers)] = await seen.wait(1)
    assert headers["Dead-Letter-Reason"] == "exhausted"
    assert data == b'{"id":1}'


async def test_it_may_be_registered_late(members: Clients, seen: Seen) -> None:
    """In a client that is open it starts at once."""
    client = declare(await members.client())

    @client.jetstream.consume("orders.*", durable="billing")
    async def bill(order: Order) -> None:
        seen.put(order.id)

    await client.flush()
    await client.jetstream.publish("orders.new", {"id": 1})
    assert await seen.wait(1) == [1]


async def test_only_new_messages_can_be_asked_for(client: NatsClient, seen: Seen) -> None:
    """By a consumer that is new itself."""
    async with declare(make_client(client_url(client))) as early:
        await early.jetstream.publish("orders.new", {"id": 1})

    @client.jetstream.consume("orders.*", durable="billing", deliver="new")
    async def bill(order: Order) -> None:
        seen.put(order.id)

    async with client:
        await client.jetstream.publish("orders.new", {"id": 2})
        assert await seen.wait(1) == [2]


async def test_a_deleted_consumer_is_made_again(client: NatsClient, seen: Seen) -> None:
    """Whoever deletes it does not have to start the service again."""

    @client.jetstream.consume("orders.*", durable="billing", deliver="new")
    async def bill(order: Order) -> None:
        seen.put(order.id)

    async with client:
        await client.request_json("$JS.API.CONSUMER.DELETE.ORDERS.billing")
        async with asyncio.timeout(5):
            while (await client.request_json("$JS.API.CONSUMER.INFO.ORDERS.billing")).value.get(
                "error"
            ):
                await asyncio.sleep(0.02)
        await client.jetstream.publish("orders.new", {"id": 1})
        assert await seen.wait(1) == [1]
        assert (await client.check()).status is HealthStatus.PASS


class TestMistakes:
    """What stops the start, and says what to do."""

    async def refused(self, client: NatsClient, match: str) -> None:
        """Check that a client does not open."""
        with pytest.raises(StartupError, match=match):
            await client.open()
        await client.aclose()

    async def test_a_stream_that_is_missing(self, streaming: str) -> None:
        """Named, or looked for by the subject."""
        for stream in (None, "BILLS"):
            client = make_client(streaming)
            client.jetstream.consume("bills.*", durable="b", stream=stream)(ignore)
            await self.refused(client, r"Consumer 'b'.*app.nats.jetstream.stream\('(NAME|BILLS)'")

    async def test_dead_letters_that_nobody_keeps(self, client: NatsClient) -> None:
        """They would be lost."""
        client.jetstream.consume("orders.*", durable="b", dead_letter="lost.x")(ignore)
        await self.refused(client, "Dead letters of 'b': No stream keeps 'lost.x'")

    async def test_another_consumer_of_that_name(self, streaming: str) -> None:
        """It follows another subject."""
        for number, subject in enumerate(("orders.*", "orders.new")):
            client = declare(make_client(streaming))
            client.jetstream.consume(subject, durable="b")(ignore)
            if number:
                await self.refused(client, "filter_subject is 'orders.\\*', not 'orders.new'")
            else:
                async with client:
                    pass

    async def test_a_longer_wait_is_taken_over(self, streaming: str) -> None:
        """It is no reason to stop."""
        for ack_wait in (10, 20):
            client = declare(make_client(streaming))
            client.jetstream.consume("orders.*", durable="b", ack_wait=ack_wait)(ignore)
            async with client:
                answer = await client.request_json("$JS.API.CONSUMER.INFO.ORDERS.b")
                assert answer.value["config"]["ack_wait"] == ack_wait * 1_000_000_000


async def ignore(data: bytes) -> None:
    """Take a message."""


@pytest.mark.parametrize(
    "options",
    [
        {"durable": "a.b"},
        {"durable": ""},
        {"concurrency": 0},
        {"max_deliveries": 0},
        {"ack_wait": 0},
        {"backoff": [-1]},
        {"deliver": "some"},
    ],
)
def test_options_that_cannot_work_are_refused_at_once(options: dict[str, object]) -> None:
    """With what would be accepted."""
    jetstream = make_client("nats://localhost:1").jetstream
    with pytest.raises(ConfigurationError, match="not accepted|above 0"):
        jetstream.consume("a", **{"durable": "b", **options})  # type: ignore[arg-type]
