"""Whatever is done to a stream and its consumer, both servers come to the same state."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from typing import Any

import nats
import nats.errors
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from nats.aio.msg import Msg

from fastnfurious.nats import EmbeddedServer
from servers.plugin import Backing
from tests.conformance.nats.room import Room

SUBJECTS = st.sampled_from(["a", "b", "c.1", "c.2"])
_SILENCE = 0.3
_COMPARED = ("num_pending", "num_ack_pending", "num_redelivered")


class Side:
    """One of the two servers, with a stream and a consumer.

    Args:
        room: Where to work.
    """

    def __init__(self, room: Room) -> None:
        self.room = room
        self.outstanding: list[Msg] = []

    async def pull(self, batch: int) -> list[tuple[object, ...]]:
        """Take messages; return what is known of them."""
        inbox = await self.room.ask("c", {"batch": batch, "no_wait": True})
        got = list[tuple[object, ...]]()
        while len(got) < batch:
            try:
                message = await inbox.next_msg(_SILENCE)
            except nats.errors.TimeoutError:  # as many are outstanding as may be
                got.append(("silence",))
                break
            if message.headers and "Status" in message.headers:
                got.append((message.headers["Status"],))
                break
            meta = message.metadata
            numbers = (meta.sequence.stream, meta.num_delivered, meta.num_pending)
            got.append((message.subject.removeprefix(self.room.name), message.data, *numbers))
            self.outstanding.append(message)
        await inbox.unsubscribe()
        return got

    async def say(self, index: int, word: bytes) -> None:
        """Say something about a message, and wait until it is heard."""
        message = self.outstanding[index % len(self.outstanding)]
        await self.room.nc.request(message.reply, word, timeout=5)

    async def seen(self) -> dict[str, Any]:
        """Return the state of the stream and of the consumer."""
        state = await self.room.state()
        info = await self.room.call(f"$JS.API.CONSUMER.INFO.{self.room.name}.c")
        seen = {name: state.get(name) for name in ("messages", "bytes", "first_seq", "last_seq")}
        seen |= {name: info[name] for name in _COMPARED}
        seen["deliveries"] = info["delivered"]["consumer_seq"]
        return seen


class Machine(RuleBasedStateMachine):
    """Do the same to both servers."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._server = EmbeddedServer()
        self._sides: list[Side] = []
        self._refused = False

    @initialize(
        stream=st.fixed_dictionaries(
            {},
            optional={
                "retention": st.sampled_from(["limits", "workqueue", "interest"]),
                "max_msgs": st.integers(1, 6),
                "max_msgs_per_subject": st.integers(1, 3),
                "discard": st.sampled_from(["old", "new"]),
            },
        ),
        consumer=st.fixed_dictionaries(
            {},
            optional={
                "max_ack_pending": st.integers(1, 3),
                "max_deliver": st.integers(1, 3),
                "filter_subject": st.sampled_from(["a", "c.*"]),
            },
        ),
    )
    def begin(self, stream: dict[str, Any], consumer: dict[str, Any]) -> None:
        """Make the stream and the consumer."""
        self._run(self._begin(stream, consumer))

    @rule(subject=SUBJECTS, text=st.binary(max_size=5))
    def publish(self, subject: str, text: bytes) -> None:
        """Publish a message."""

        async def work(side: Side) -> Any:
            answer = await side.room.call(side.room.subject(subject), text)
            return {name: answer.get(name) for name in ("seq", "error")}

        self._on_both(work)

    @rule(batch=st.integers(1, 4))
    def pull(self, batch: int) -> None:
        """Take some messages."""
        self._on_both(lambda side: side.pull(batch))

    @precondition(lambda self: self._sides and self._sides[0].outstanding)
    @rule(index=st.integers(0, 20), word=st.sampled_from([b"+ACK", b"-NAK", b"+TERM", b"+WPI"]))
    def say(self, index: int, word: bytes) -> None:
        """Say what became of a message."""
        self._refused |= word == b"-NAK"
        self._on_both(lambda side: side.say(index, word))

    @precondition(lambda self: not self._refused)  # nats-server forgets then what was refused
    @rule(subject=SUBJECTS, keep=st.integers(0, 2))
    def purge(self, subject: str, keep: int) -> None:
        """Remove the messages of a subject."""

        async def work(side: Side) -> Any:
            request = {"filter": side.room.subject(subject), "keep": keep}
            answer = await side.room.call(f"$JS.API.STREAM.PURGE.{side.room.name}", request)
            return answer.get("purged")

        self._on_both(work)

    @rule(sequence=st.integers(1, 8))
    def delete(self, sequence: int) -> None:
        """Remove a message."""

        async def work(side: Side) -> Any:
            subject = f"$JS.API.STREAM.MSG.DELETE.{side.room.name}"
            answer = await side.room.call(subject, {"seq": sequence})
            return answer.get("success")

        self._on_both(work)

    def teardown(self) -> None:
        """Remove everything."""
        self._run(self._end())
        self._runner.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        async def bounded() -> Any:
            async with asyncio.timeout(30):
                return await work

        return self._runner.run(bounded())

    async def _begin(self, stream: dict[str, Any], consumer: dict[str, Any]) -> None:
        await self._server.start()
        for url in (self._server.url, self.url):
            room = Room(await nats.connect(url))
            self._sides.append(Side(room))
            config = {"name": room.name, "subjects": [room.subject(">")], "storage": "memory"}
            await room.call(f"$JS.API.STREAM.CREATE.{room.name}", {**config, **stream})
            wanted = dict(consumer)
            if "filter_subject" in wanted:
                wanted["filter_subject"] = room.subject(wanted["filter_subject"])
            await room.consumer(**wanted)

    async def _end(self) -> None:
        for side in self._sides:
            await side.room.close()
            await side.room.nc.close()
        await self._server.stop()

    def _on_both(self, work: Callable[[Side], Coroutine[Any, Any, Any]]) -> None:
        self._run(self._compare(work))

    async def _compare(self, work: Callable[[Side], Coroutine[Any, Any, Any]]) -> None:
        ours, theirs = [await work(side) for side in self._sides]
        assert ours == theirs
        until = time.monotonic() + 2  # nats-server counts some things a little later
        while True:
            ours, theirs = [await side.seen() for side in self._sides]
            if ours == theirs or time.monotonic() > until:
                break
            await asyncio.sleep(0.01)
        assert json.dumps(ours) == json.dumps(theirs)


@pytest.mark.slow
def test_both_servers_come_to_the_same_state(backing: Backing) -> None:
    """By any way of publishing, taking, acknowledging and removing."""
    endpoint = backing("jetstream", "nats")
    assert endpoint is not None
    Machine.url = endpoint.url
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=10,
            stateful_step_count=15,
            deadline=None,
            phases=(Phase.generate,),  # to find a shorter way would take minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
