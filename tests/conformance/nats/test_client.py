"""What a client promises, on the embedded server and on nats-server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel
from typing_extensions import TypedDict

from fastnfurious.core.errors import (
    Conflict,
    OperationTimeout,
    ResourceUnavailable,
    StartupError,
)
from fastnfurious.core.health import HealthStatus
from fastnfurious.nats import (
    InvalidPayload,
    InvalidSubject,
    Message,
    MessageTooLarge,
    NatsClient,
    NoResponders,
    RemoteError,
    Reply,
)
from servers.plugin import Backing
from tests.conformance.nats.conftest import Clients, make_client, nats_server, require


class Item(BaseModel):
    """What is asked for."""

    id: int
    name: str = "chair"


@dataclass
class Size:
    """A dataclass as a payload."""

    width: int


class Place(TypedDict):
    """A typed dict as a payload."""

    row: int


class Inbox:
    """Collect what handlers get."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self._changed = asyncio.Event()

    def put(self, value: Any) -> None:
        """Remember a value."""
        self.got.append(value)
        self._changed.set()

    async def wait(self, count: int) -> list[Any]:
        """Return what was got, when it is as much as expected."""
        async with asyncio.timeout(5):
            while len(self.got) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.got


@pytest.fixture
def inbox() -> Inbox:
    """Return a place for what handlers get."""
    return Inbox()


class TestRequests:
    """Asking another service."""

    async def test_a_value_comes_back(self, client: NatsClient) -> None:
        """As JSON, or in the type that is expected."""

        @client.subscribe("item.get")
        async def get(item: Item) -> Item:
            return Item(id=item.id + 1)

        await client.flush()
        expected = {"id": 8, "name": "chair"}
        assert await client.request_json("item.get", {"id": 7}) == Reply(True, expected)
        assert await client.request("item.get", Item(id=7), response=Item) == Item(id=8)
        assert await client.request("item.get", b'{"id": 7}') == expected

    async def test_nothing_comes_back_as_none(self, client: NatsClient) -> None:
        """A handler that may return nothing has answered all the same."""

        @client.subscribe("item.find")
        async def find(item: Item) -> Item | None:
            return None

        await client.flush()
        assert await client.request_json("item.find", Item(id=7)) == Reply(True, None)

    async def test_nobody_listening_is_known_at_once(self, client: NatsClient) -> None:
        """It does not take the time limit to find out."""
        async with asyncio.timeout(1):
            with pytest.raises(NoResponders, match="Nobody answers requests for 'nobody'"):
                await client.request_json("nobody", {}, timeout=30)

    async def test_a_server_without_jetstream_names_what_is_missing(self, backing: Backing) -> None:
        """As one that was started without it."""
        require(backing, "nats")
        async with nats_server() as url, make_client(url) as client:
            with pytest.raises(NoResponders, match="JetStream needs a nats-server.*NATS_URL"):
                await client.request_json("$JS.API.INFO")

    async def test_a_silent_service_is_a_timeout(self, client: NatsClient) -> None:
        """Which becomes status 504."""

        @client.subscribe("slow")
        async def listen(data: bytes) -> None:
            """Listen only."""

        await client.flush()
        with pytest.raises(OperationTimeout, match="'slow' within 0.05 s") as caught:
            await client.request_json("slow", {}, timeout=0.05)
        assert caught.value.status == 504

    async def test_an_error_of_the_service_is_a_reply(self, client: NatsClient) -> None:
        """Its message is that of an error meant for clients; typed requests raise it."""

        @client.subscribe("taken")
        async def take(data: bytes) -> str:
            raise Conflict("the seat is taken")

        await client.flush()
        assert await client.request_json("taken") == Reply(False, None, "the seat is taken", 409)
        with pytest.raises(RemoteError, match="the seat is taken") as caught:
            await client.request("taken", response=str)
        assert caught.value.code == 409

    async def test_what_went_wrong_inside_stays_inside(self, client: NatsClient) -> None:
        """An unexpected error says no more than an HTTP response would."""

        @client.subscribe("broken")
        async def fail(data: bytes) -> str:
            raise ZeroDivisionError("password=hunter2")

        await client.flush()
        reply = await client.request_json("broken")
        assert reply == Reply(False, None, "Internal Server Error", 500)

    async def test_a_request_that_does_not_fit_is_told_where(self, client: NatsClient) -> None:
        """And the subscription goes on."""

        @client.subscribe("item.get")
        async def get(item: Item) -> int:
            return item.id

        await client.flush()
        for bad in (b"{", b"", b"[]", b"\xff", b'{"id": "x"}'):
            reply = await client.request_json("item.get", bad)
            assert (reply.status, reply.code) == (False, 400)
        assert reply.error is not None and reply.error.startswith("Bad Request: id: ")
        assert (await client.request_json("item.get", {"id": 1})).value == 1

    async def test_an_answer_that_is_not_what_was_expected(self, client: NatsClient) -> None:
        """Is an error that names the place."""

        @client.subscribe("item.get")
        async def get(data: bytes) -> bytes:
            return data

        await client.flush()
        with pytest.raises(InvalidPayload, match="id: Input should be a valid integer"):
            await client.request("item.get", {"id": "x"}, response=Item)
        with pytest.raises(InvalidPayload, match="not JSON"):
            await client.request_json("item.get", "hello")

    async def test_many_requests_at_once_get_their_own_answers(self, client: NatsClient) -> None:
        """However they overtake each other."""

        @client.subscribe("echo", concurrency=50)
        async def echo(number: int) -> int:
            await asyncio.sleep(0.02 if number % 3 else 0)
            return number

        await client.flush()
        asked = [client.request("echo", number, response=int) for number in range(200)]
        assert await asyncio.gather(*asked) == list(range(200))


class TestMessages:
    """Publishing and subscribing."""

    @pytest.mark.parametrize(
        ("annotation", "sent", "got"),
        [
            (Item, Item(id=1), Item(id=1)),
            (Size, Size(2), Size(2)),
            (Place, {"row": 3}, {"row": 3}),
            (dict, {"a": [1, None]}, {"a": [1, None]}),
            (list[int], [1, 2], [1, 2]),
            (str, "žluťoučký", "žluťoučký"),
            (bytes, b"\x00\r\n\xff", b"\x00\r\n\xff"),
            (bytes, b"", b""),
            (int | None, None, None),
        ],
    )
    async def test_payloads_arrive_in_the_annotated_type(
        self, client: NatsClient, inbox: Inbox, annotation: Any, sent: object, got: object
    ) -> None:
        """Models, dataclasses, typed dicts, plain JSON, text and bytes."""

        async def take(value: Any) -> None:
            inbox.put(value)

        take.__annotations__["value"] = annotation
        client.subscribe("things")(take)
        await client.flush()
        await client.publish("things", sent)
        assert await inbox.wait(1) == [got]

    async def test_a_handler_may_ask_for_more(self, client: NatsClient, inbox: Inbox) -> None:
        """The message itself, and its headers."""

        @client.subscribe("things.*")
        async def take(value: int, message: Message, headers: Mapping[str, str]) -> None:
            inbox.put((value, message.subject, message.reply, headers["Colour"]))

        await client.flush()
        await client.publish("things.x", 1, headers={"Colour": "blue"}, reply="back")
        assert await inbox.wait(1) == [(1, "things.x", "back", "blue")]

    async def test_messages_are_handled_in_order(self, client: NatsClient, inbox: Inbox) -> None:
        """One after the other, unless told otherwise."""

        @client.subscribe("n")
        async def take(number: int) -> None:
            await asyncio.sleep(0.01 if number == 0 else 0)
            inbox.put(number)

        await client.flush()
        for number in range(50):
            await client.publish("n", number)
        assert await inbox.wait(50) == list(range(50))

    async def test_as_many_are_handled_at_once_as_allowed(self, client: NatsClient) -> None:
        """And no more."""
        busy = most = 0

        @client.subscribe("n", concurrency=3)
        async def take(number: int) -> int:
            nonlocal busy, most
            busy += 1
            most = max(most, busy)
            await asyncio.sleep(0.01)
            busy -= 1
            return number

        await client.flush()
        await asyncio.gather(*(client.request_json("n", number) for number in range(12)))
        assert most == 3

    async def test_a_failing_handler_does_not_stop_the_subscription(
        self, client: NatsClient, inbox: Inbox
    ) -> None:
        """Nor does a payload that does not fit."""

        @client.subscribe("n")
        async def take(number: int) -> None:
            inbox.put(10 // number)

        await client.flush()
        for payload in (0, b"{", 5):
            await client.publish("n", payload)
        assert await inbox.wait(1) == [2]

    async def test_messages_beyond_the_bound_are_dropped(
        self, clients: Clients, inbox: Inbox
    ) -> None:
        """A handler that is too slow costs messages, not memory, and goes on afterwards."""
        client = await clients.client(pending_messages=5)
        gate = asyncio.Event()

        @client.subscribe("n")
        async def take(number: int) -> None:
            await gate.wait()
            inbox.put(number)

        await client.flush()
        for number in range(50):
            await client.publish("n", number)
        await client.flush()
        await asyncio.sleep(0.05)
        gate.set()
        got = list(await inbox.wait(5))
        assert got == list(range(len(got))) and len(got) <= 6
        await client.publish("n", 99)
        assert (await inbox.wait(len(got) + 1))[-1] == 99

    async def test_a_queue_group_shares_the_work(self, clients: Clients, inbox: Inbox) -> None:
        """Each message reaches one of several clients."""
        members = [await clients.client() for _ in range(3)]
        for name, member in enumerate(members):

            @member.subscribe("n", queue="workers")
            async def take(number: int, *, who: int = name) -> None:
                inbox.put((who, number))

            await member.flush()
        for number in range(60):
            await members[0].publish("n", number)
        got = await inbox.wait(60)
        assert sorted(number for _, number in got) == list(range(60))
        assert {who for who, _ in got} == {0, 1, 2}

    async def test_a_message_as_large_as_the_server_takes(
        self, client: NatsClient, inbox: Inbox
    ) -> None:
        """Arrives; a larger one is refused before it is sent, and the connection stays."""

        @client.subscribe("large")
        async def take(data: bytes) -> None:
            inbox.put(data)

        await client.flush()
        large = bytes(range(256)) * 4096
        await client.publish("large", large)
        with pytest.raises(MessageTooLarge, match="larger than the server takes"):
            await client.publish("large", large + b"!")
        assert await inbox.wait(1) == [large]

    @pytest.mark.parametrize("subject", ["", "a b", "a\r\nPUB b 0", "a\tb"])
    async def test_a_subject_that_is_none_is_refused(
        self, client: NatsClient, subject: str
    ) -> None:
        """Nothing can be smuggled into the protocol."""
        with pytest.raises(InvalidSubject):
            await client.publish(subject, b"")
        with pytest.raises(InvalidSubject):
            await client.request_json(subject)

    async def test_a_header_that_is_none_is_refused(self, client: NatsClient) -> None:
        """Here, too."""
        with pytest.raises(InvalidPayload, match="A header"):
            await client.publish("a", b"", headers={"a\r\nb": "c"})

    async def test_what_has_no_json_form_is_refused(self, client: NatsClient) -> None:
        """The type is named."""
        with pytest.raises(InvalidPayload, match="object cannot be sent as JSON"):
            await client.publish("a", object())


class TestDraining:
    """Stopping without losing anything that was accepted."""

    async def test_messages_in_hand_are_finished(self, clients: Clients, inbox: Inbox) -> None:
        """Those that arrived are handled before the client is closed."""
        sender, receiver = await clients.client(), await clients.client()

        @receiver.subscribe("n")
        async def take(number: int) -> int:
            await asyncio.sleep(0.005)
            inbox.put(number)
            return number

        await receiver.flush()
        asking = [
            asyncio.create_task(sender.request_json("n", number, timeout=5)) for number in range(20)
        ]
        await inbox.wait(1)
        await receiver.aclose()
        replies = await asyncio.gather(*asking)
        assert [reply.value for reply in replies] == list(range(20))

    async def test_a_handler_that_hangs_is_cancelled(self, clients: Clients) -> None:
        """After the time that the settings allow."""
        receiver = await clients.client(drain_timeout=0.05)
        begun, cancelled = asyncio.Event(), asyncio.Event()

        @receiver.subscribe("n")
        async def hang(number: int) -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise

        await receiver.flush()
        await receiver.publish("n", 1)
        await begun.wait()
        async with asyncio.timeout(5):
            await receiver.aclose()
            await cancelled.wait()

    async def test_a_stopped_subscription_gets_no_more(
        self, client: NatsClient, inbox: Inbox
    ) -> None:
        """And can be started again."""

        @client.subscribe("n", start=False)
        async def take(number: int) -> None:
            inbox.put(number)

        await client.publish("n", 0)
        await take.start()
        await client.publish("n", 1)
        await inbox.wait(1)
        await take.stop()
        await client.publish("n", 2)
        await client.flush()
        await take.start()
        await client.publish("n", 3)
        assert await inbox.wait(2) == [1, 3]


class TestConnecting:
    """Getting in, and being kept out."""

    async def test_the_check_passes_while_the_server_answers(self, client: NatsClient) -> None:
        """It is a real round trip."""
        assert (await client.check()).status is HealthStatus.PASS

    async def test_the_right_password_gets_in(self, guarded: str) -> None:
        """From the settings, or from the address."""
        async with make_client(guarded, user="alice", password="open sesame") as client:
            await client.flush()
        host = guarded.removeprefix("nats://")
        async with make_client(f"nats://alice:open%20sesame@{host}") as client:
            await client.flush()

    async def test_a_wrong_password_stops_the_start(self, guarded: str) -> None:
        """The message does not repeat it."""
        client = make_client(guarded, user="alice", password="hunter2")
        with pytest.raises(StartupError, match="NATS refuses the connection") as caught:
            await client.open()
        assert "hunter2" not in str(caught.value)
        with pytest.raises(StartupError):
            async with make_client(guarded):
                raise AssertionError("nobody gets here")

    async def test_a_server_that_is_not_there_is_no_error_at_the_start(self) -> None:
        """A request is, after a short wait; the check says why."""
        client = make_client("nats://127.0.0.1:1", connect_timeout=0.2)
        await client.open()
        try:
            with pytest.raises(ResourceUnavailable, match="NATS cannot be reached"):
                await client.request_json("a")
            assert (await client.check()).status is HealthStatus.FAIL
        finally:
            await client.aclose()

    async def test_a_block_needs_a_server(self) -> None:
        """Whoever enters it can rely on the connection."""
        with pytest.raises(ResourceUnavailable):
            async with make_client("nats://127.0.0.1:1", connect_timeout=0.2):
                raise AssertionError("nobody gets here")
