"""JetStream at the wire: plain nats-py finds the embedded server to be like nats-server."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import Any

import nats
import pytest
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api
from nats.js.errors import (
    APIError,
    KeyNotFoundError,
    KeyWrongLastSequenceError,
    NoStreamResponseError,
    NotFoundError,
    ObjectNotFoundError,
)

from tests.conformance.nats.room import Room, texts


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

    @pytest.mark.parametrize(
        ("headers", "number", "words"),
        [
            ({"Nats-Expected-Stream": "OTHER"}, 10060, "expected stream does not match"),
            ({"Nats-Expected-Last-Sequence": "7"}, 10071, "wrong last sequence: 2"),
            ({"Nats-Expected-Last-Subject-Sequence": "2"}, 10071, "wrong last sequence: 1"),
            ({"Nats-Expected-Last-Msg-Id": "x"}, 10070, "wrong last msg ID: two"),
            ({"Nats-Rollup": "sub"}, 10111, "rollup not permitted"),
            ({"Nats-TTL": "5"}, 10166, "per-message TTL is disabled"),
        ],
    )
    async def test_what_is_not_as_expected_is_refused(
        self, room: Room, headers: dict[str, str], number: int, words: str
    ) -> None:
        """And nothing is kept."""
        await room.stream()
        await room.publish("1")
        await room.js.publish(room.subject("b"), b"2", headers={"Nats-Msg-Id": "two"})
        with pytest.raises(APIError, match=words) as caught:
            await room.js.publish(room.subject("a"), b"3", headers=dict(headers))
        assert caught.value.err_code == number
        assert (await room.state())["messages"] == 2

    async def test_what_is_as_expected_is_kept(self, room: Room) -> None:
        """A subject that has no message yet is expected to be at 0."""
        name = await room.stream()
        await room.publish("1")
        for subject, headers in (
            ("a", {"Nats-Expected-Last-Sequence": "1", "Nats-Expected-Stream": name}),
            ("a", {"Nats-Expected-Last-Subject-Sequence": "2"}),
            ("new", {"Nats-Expected-Last-Subject-Sequence": "0"}),
        ):
            await room.js.publish(room.subject(subject), b"x", headers=headers)
        assert (await room.state())["messages"] == 4

    async def test_a_full_stream_gives_up_the_oldest(self, room: Room) -> None:
        """Unless it refuses the newest."""
        await room.stream(max_msgs=2)
        await room.publish("1", "2", "3")
        assert await room.kept() == ["2", "3"]

    async def test_a_full_stream_may_refuse_the_newest(self, room: Room) -> None:
        """With the words of the limit."""
        await room.stream(max_msgs=1, discard=api.DiscardPolicy.NEW)
        await room.publish("1")
        with pytest.raises(APIError, match="maximum messages exceeded"):
            await room.publish("2")
        assert await room.kept() == ["1"]

    async def test_each_subject_keeps_its_last(self, room: Room) -> None:
        """As many as the stream says."""
        await room.stream(max_msgs_per_subject=1)
        await room.publish("1", "2", subject="a")
        await room.publish("3", "4", subject="b")
        assert await room.kept() == ["2", "4"]

    async def test_old_messages_go(self, room: Room) -> None:
        """When they have reached the age of the stream."""
        await room.stream(max_age=0.3)
        await room.publish("1")
        await room.settled(messages=0)

    async def test_messages_go_when_they_wish_so(self, room: Room) -> None:
        """Others stay."""
        await room.stream(allow_msg_ttl=True)
        await room.js.publish(room.subject("a"), b"short", msg_ttl=1)
        await room.publish("long")
        await room.settled(messages=1, within=4)
        assert await room.kept() == ["long"]

    async def test_a_rollup_takes_the_place_of_all(self, room: Room) -> None:
        """Of its subject, or of the stream."""
        await room.stream(allow_rollup_hdrs=True)
        await room.publish("1", "2", subject="a")
        await room.publish("3", subject="b")
        await room.js.publish(room.subject("a"), b"4", headers={"Nats-Rollup": "sub"})
        assert await room.kept() == ["3", "4"]
        await room.js.publish(room.subject("a"), b"5", headers={"Nats-Rollup": "all"})
        assert await room.kept() == ["5"]

    async def test_a_subject_of_no_stream_has_no_answer(self, room: Room) -> None:
        """The publisher knows at once."""
        with pytest.raises(NoStreamResponseError):
            await room.js.publish(room.subject("a"))

    async def test_subscribers_get_what_streams_keep(self, room: Room) -> None:
        """Publishing to a stream is publishing all the same."""
        await room.stream()
        plain = await room.nc.subscribe(room.subject("a"))
        await room.publish("1")
        assert (await plain.next_msg(2)).data == b"1"


class TestStreams:
    """Streams are made, changed, looked into and removed."""

    async def test_messages_are_found(self, room: Room) -> None:
        """By number, as the last of a subject, and as the next of a subject."""
        name = await room.stream()
        await room.publish("1", "2", subject="a")
        await room.publish("3", subject="b")
        assert (await room.js.get_msg(name, seq=2)).data == b"2"
        assert (await room.js.get_last_msg(name, room.subject("a"))).data == b"2"
        following = await room.js.get_msg(name, seq=1, subject=room.subject("b"), next=True)
        assert following.data == b"3"
        with pytest.raises(NotFoundError):
            await room.js.get_msg(name, seq=9)

    async def test_messages_are_found_directly(self, room: Room) -> None:
        """Where the stream allows it, with their headers."""
        name = await room.stream(allow_direct=True)
        await room.js.publish(room.subject("a"), b"1", headers={"A": "b"})
        found = await room.js.get_msg(name, seq=1, direct=True)
        assert (found.data, found.subject, found.seq) == (b"1", room.subject("a"), 1)
        assert found.headers and found.headers["A"] == "b"
        last = await room.js.get_last_msg(name, room.subject("a"), direct=True)
        assert last.seq == 1

    async def test_messages_are_removed(self, room: Room) -> None:
        """One, all of a subject, those before a number, all but some."""
        name = await room.stream()
        await room.publish("1", "2", "3", subject="a")
        await room.publish("4", "5", subject="b")
        assert await room.js.delete_msg(name, 2)
        assert (await room.state())["num_deleted"] == 1
        await room.js.purge_stream(name, subject=room.subject("b"))
        assert await room.kept() == ["1", "3"]
        await room.js.purge_stream(name, keep=1)
        assert await room.kept() == ["3"]
        await room.js.purge_stream(name)
        state = await room.state()
        assert (state["messages"], state["first_seq"], state["last_seq"]) == (0, 6, 5)

    async def test_a_stream_is_found_by_its_subjects(self, room: Room) -> None:
        """As clients do that are given no stream."""
        name = await room.stream()
        assert await room.js.find_stream_name_by_subject(room.subject("x")) == name

    async def test_a_stream_gets_other_limits(self, room: Room) -> None:
        """Which hold at once."""
        name = await room.stream()
        await room.publish("1", "2", "3")
        subjects = [room.subject(">")]
        storage = api.StorageType.MEMORY
        await room.js.update_stream(name=name, subjects=subjects, storage=storage, max_msgs=1)
        assert await room.kept() == ["3"]

    async def test_a_stream_that_is_gone_is_gone(self, room: Room) -> None:
        """With its consumers and messages."""
        name = await room.stream()
        puller = await room.puller()
        await room.js.delete_stream(name)
        with pytest.raises(NotFoundError):
            await room.js.stream_info(name)
        with pytest.raises(NotFoundError):
            await puller.consumer_info()


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

    async def test_a_message_says_where_it_comes_from(self, room: Room) -> None:
        """Its numbers, how often it came, and how many are left."""
        name = await room.stream()
        await room.publish("1", "2")
        [message] = await (await room.puller()).fetch(1, timeout=2)
        meta = message.metadata
        assert (meta.stream, meta.consumer, meta.num_delivered, meta.num_pending) == (
            name,
            "c",
            1,
            1,
        )
        assert (meta.sequence.stream, meta.sequence.consumer) == (1, 1)
        assert abs(meta.timestamp.timestamp() - time.time()) < 60

    async def test_a_request_waits_for_what_is_published_later(self, room: Room) -> None:
        """Within its time limit."""
        await room.stream()
        puller = await room.puller()
        fetching = asyncio.create_task(puller.fetch(1, timeout=5))
        await asyncio.sleep(0.1)
        await room.publish("late")
        assert await texts(await fetching) == ["late"]

    @pytest.mark.parametrize(
        ("request_", "statuses"),
        [
            ({"batch": 1, "no_wait": True}, ["404 No Messages"]),
            ({"batch": 1, "expires": 200_000_000}, ["408 Request Timeout"]),
            (
                {"batch": 1, "expires": 450_000_000, "idle_heartbeat": 200_000_000},
                ["100 Idle Heartbeat", "100 Idle Heartbeat", "408 Request Timeout"],
            ),
            (
                {"batch": 1, "expires": 100, "idle_heartbeat": 100},
                ["400 Bad Request - heartbeat value too large"],
            ),
            ({"batch": 6, "expires": 10**9}, ["409 Exceeded MaxRequestBatch of 5"]),
        ],
    )
    async def test_a_request_that_gets_nothing_is_told_why(
        self, room: Room, request_: dict[str, object], statuses: list[str]
    ) -> None:
        """With a status."""
        await room.stream()
        await room.consumer(max_batch=5)
        inbox = await room.ask("c", request_)
        got = [await room.status(inbox) for _ in statuses]
        assert got == statuses

    async def test_a_request_ends_where_its_bytes_end(self, room: Room) -> None:
        """A message that does not fit stays for the next."""
        await room.stream()
        await room.publish("x" * 500)
        await room.consumer()
        inbox = await room.ask("c", {"batch": 5, "max_bytes": 100, "expires": 10**9})
        assert await room.status(inbox) == "409 Message Size Exceeds MaxBytes"
        inbox = await room.ask("c", {"batch": 1, "no_wait": True})
        assert len((await inbox.next_msg(2)).data) == 500

    async def test_requests_share_the_messages(self, room: Room) -> None:
        """Each in turn."""
        await room.stream()
        await room.consumer()
        inboxes = [await room.ask("c", {"batch": 2, "expires": 5 * 10**9}) for _ in range(2)]
        await room.publish("1", "2", "3", "4")
        for inbox in inboxes:
            got = [(await inbox.next_msg(2)).data for _ in range(2)]
            assert len(got) == 2

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

    async def test_what_is_refused_may_wait(self, room: Room) -> None:
        """As long as was asked for."""
        await room.stream()
        await room.publish("1")
        puller = await room.puller()
        [message] = await puller.fetch(1, timeout=2)
        await message.nak(delay=0.6)
        with pytest.raises(nats.errors.TimeoutError):
            await puller.fetch(1, timeout=0.2)
        [again] = await puller.fetch(1, timeout=5)
        assert again.metadata.num_delivered == 2

    async def test_what_is_not_acknowledged_comes_again(self, room: Room) -> None:
        """When its time is up."""
        await room.stream()
        await room.publish("1")
        puller = await room.puller(ack_wait=0.3)
        assert await texts(await puller.fetch(1, timeout=2), ack=False) == ["1"]
        [again] = await puller.fetch(1, timeout=5)
        assert again.metadata.num_delivered == 2

    async def test_who_is_at_work_gets_more_time(self, room: Room) -> None:
        """Each time it says so."""
        await room.stream()
        await room.publish("1")
        puller = await room.puller(ack_wait=1)
        [message] = await puller.fetch(1, timeout=2)
        for _ in range(3):
            await asyncio.sleep(0.5)
            await message.in_progress()
        assert (await puller.consumer_info()).num_redelivered in (0, None)
        await message.ack_sync()

    async def test_pauses_between_deliveries_grow(self, room: Room) -> None:
        """As the consumer says."""
        await room.stream()
        await room.publish("1")
        puller = await room.puller(backoff=[0.2, 0.8], max_deliver=3)
        moments = list[float]()
        for _ in range(3):
            await puller.fetch(1, timeout=5)
            moments.append(time.monotonic())
        assert moments[2] - moments[1] > moments[1] - moments[0]

    async def test_a_message_is_given_up_in_the_end(self, room: Room) -> None:
        """And who may care is told so."""
        name = await room.stream()
        await room.publish("1")
        advisories = await room.nc.subscribe(f"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{name}.c")
        puller = await room.puller(ack_wait=0.3, max_deliver=2)
        for _ in range(2):
            await puller.fetch(1, timeout=5)
        with pytest.raises(nats.errors.TimeoutError):
            await puller.fetch(1, timeout=0.6)
        told = json.loads((await advisories.next_msg(5)).data)
        assert (told["stream_seq"], told["deliveries"]) == (1, 2)
        assert await room.kept() == ["1"]

    async def test_a_message_that_is_terminated_does_not_come_again(self, room: Room) -> None:
        """And who may care is told so."""
        name = await room.stream()
        await room.publish("1")
        told = await room.nc.subscribe(f"$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.{name}.c")
        puller = await room.puller(ack_wait=0.3)
        [message] = await puller.fetch(1, timeout=2)
        await message.term()
        assert json.loads((await told.next_msg(5)).data)["stream_seq"] == 1
        with pytest.raises(nats.errors.TimeoutError):
            await puller.fetch(1, timeout=0.6)

    async def test_no_more_than_some_are_outstanding(self, room: Room) -> None:
        """The next one comes when one is acknowledged."""
        await room.stream()
        await room.publish("1", "2")
        puller = await room.puller(max_ack_pending=1)
        [first] = await puller.fetch(1, timeout=2)
        with pytest.raises(nats.errors.TimeoutError):
            await puller.fetch(1, timeout=0.3)
        fetching = asyncio.create_task(puller.fetch(1, timeout=5))
        await asyncio.sleep(0.1)
        await first.ack()
        assert await texts(await fetching) == ["2"]

    async def test_one_word_may_acknowledge_all_before(self, room: Room) -> None:
        """Where the consumer says so."""
        await room.stream()
        await room.publish("1", "2", "3")
        puller = await room.puller(ack_policy=api.AckPolicy.ALL)
        messages = await puller.fetch(3, timeout=2)
        await messages[1].ack_sync()
        info = await puller.consumer_info()
        assert info.num_ack_pending == 1
        assert info.ack_floor and info.ack_floor.stream_seq == 2

    @pytest.mark.parametrize(
        ("policy", "expected"),
        [
            ({"deliver_policy": "all"}, ["1", "2", "3", "4"]),
            ({"deliver_policy": "last"}, ["4"]),
            ({"deliver_policy": "new"}, []),
            ({"deliver_policy": "by_start_sequence", "opt_start_seq": 3}, ["3", "4"]),
            ({"deliver_policy": "last_per_subject", "filter_subject": ">"}, ["3", "4"]),
        ],
    )
    async def test_a_consumer_begins_where_it_says(
        self, room: Room, policy: dict[str, Any], expected: list[str]
    ) -> None:
        """At either end, or between."""
        await room.stream()
        for text, subject in (("1", "a"), ("2", "b"), ("3", "a"), ("4", "b")):
            await room.publish(text, subject=subject)
        if policy.get("filter_subject"):
            policy = {**policy, "filter_subject": room.subject(">")}
        puller = await room.puller(**policy)
        assert (await puller.consumer_info()).num_pending == len(expected)
        await room.publish("5", subject="c")
        got = await texts(await puller.fetch(len(expected) + 1, timeout=2))
        assert got == [*expected, "5"]

    async def test_a_consumer_begins_at_a_moment(self, room: Room) -> None:
        """With what was published since."""
        await room.stream()
        await room.publish("1")
        await asyncio.sleep(0.05)
        moment = datetime.now(UTC)
        await asyncio.sleep(0.05)
        await room.publish("2")
        puller = await room.puller(deliver_policy="by_start_time", opt_start_time=moment)
        assert await texts(await puller.fetch(1, timeout=2)) == ["2"]

    async def test_a_consumer_gets_what_it_filters(self, room: Room) -> None:
        """One pattern, or several."""
        await room.stream()
        for subject in ("a.1", "b.1", "c.1", "a.2"):
            await room.publish(subject, subject=subject)
        puller = await room.puller(filter_subjects=[room.subject("a.*"), room.subject("c.1")])
        assert (await puller.consumer_info()).num_pending == 3
        got = await texts(await puller.fetch(5, timeout=0.5))
        assert got == ["a.1", "c.1", "a.2"]

    async def test_an_ephemeral_consumer_goes_away(self, room: Room) -> None:
        """When nobody has used it for some time."""
        name = await room.stream()
        config = api.ConsumerConfig(name="e", inactive_threshold=0.5)
        await room.js.add_consumer(name, config)
        async with asyncio.timeout(10):
            while (await room.state())["consumer_count"]:
                await asyncio.sleep(0.05)

    async def test_a_consumer_that_is_gone_tells_who_waits(self, room: Room) -> None:
        """With a status."""
        name = await room.stream()
        await room.consumer()
        inbox = await room.ask("c", {"batch": 1, "expires": 5 * 10**9})
        async with asyncio.timeout(5):
            while not (await room.js.consumer_info(name, "c")).num_waiting:
                await asyncio.sleep(0.01)
        await room.js.delete_consumer(name, "c")
        assert await room.status(inbox) == "409 Consumer Deleted"


class TestRetention:
    """Streams may keep only what is still needed."""

    async def test_a_work_queue_forgets_what_is_done(self, room: Room) -> None:
        """Each message is done once."""
        await room.stream(retention=api.RetentionPolicy.WORK_QUEUE)
        await room.publish("1", "2")
        puller = await room.puller()
        assert await texts(await puller.fetch(1, timeout=2)) == ["1"]
        await room.settled(messages=1)
        assert await room.kept() == ["2"]

    async def test_interest_lasts_until_all_are_done(self, room: Room) -> None:
        """What nobody wants is not kept at all."""
        name = await room.stream(retention=api.RetentionPolicy.INTEREST)
        await room.publish("nobody")
        pullers = list[JetStreamContext.PullSubscription]()
        for each in ("one", "two"):
            await room.js.add_consumer(name, api.ConsumerConfig(name=each, durable_name=each))
            pullers.append(await room.js.pull_subscribe_bind(consumer=each, stream=name))
        await room.publish("1")
        assert await texts(await pullers[0].fetch(1, timeout=2)) == ["1"]
        assert (await room.state())["messages"] == 1
        assert await texts(await pullers[1].fetch(1, timeout=2)) == ["1"]
        await room.settled(messages=0)


class TestPushing:
    """Consumers send messages to those who listen."""

    async def test_messages_are_pushed(self, room: Room) -> None:
        """Those that are there, and those that come."""
        name = await room.stream()
        await room.publish("1")
        pushed = await room.js.subscribe(room.subject("a"), stream=name)
        await room.publish("2")
        got = [await pushed.next_msg(2) for _ in range(2)]
        assert await texts(got) == ["1", "2"]

    async def test_members_of_a_group_share(self, room: Room) -> None:
        """Each message goes to one of them."""
        name = await room.stream()
        got = list[bytes]()

        async def note(message: Msg) -> None:
            got.append(message.data)

        for _ in range(2):
            await room.js.subscribe(room.subject("a"), "workers", cb=note, stream=name)
        await room.publish(*(str(number) for number in range(10)))
        async with asyncio.timeout(5):
            while len(got) < 10:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert sorted(got) == [b"%d" % number for number in range(10)]

    async def test_who_listens_is_kept_assured(self, room: Room) -> None:
        """With heartbeats, when there are no messages."""
        name = await room.stream()
        inbox = await room.nc.subscribe(room.nc.new_inbox())
        config = api.ConsumerConfig(
            deliver_subject=inbox.subject, idle_heartbeat=0.2, ack_policy=api.AckPolicy.NONE
        )
        await room.js.add_consumer(name, config)
        assert [await room.status(inbox) for _ in range(2)] == ["100 Idle Heartbeat"] * 2

    async def test_headers_come_alone_if_wanted(self, room: Room) -> None:
        """With the size of the payload."""
        name = await room.stream()
        await room.publish("12345")
        pushed = await room.js.subscribe(room.subject("a"), stream=name, headers_only=True)
        message = await pushed.next_msg(2)
        assert (message.data, message.headers) == (b"", {"Nats-Msg-Size": "5"})

    async def test_a_client_that_keeps_up_gets_everything(self, room: Room) -> None:
        """In order, more than the window that it begins with."""
        name = await room.stream()
        block = b"x" * 100_000
        for _ in range(60):
            await room.js.publish(room.subject("a"), block)
        ordered = await room.js.subscribe(
            room.subject("a"), stream=name, ordered_consumer=True, idle_heartbeat=1
        )
        numbers = [(await ordered.next_msg(10)).metadata.sequence.stream for _ in range(60)]
        assert numbers == list(range(1, 61))

    async def test_who_listens_no_more_gets_the_rest_later(self, room: Room) -> None:
        """A durable consumer goes on where it was."""
        name = await room.stream()
        first = await room.js.subscribe(room.subject("a"), stream=name, durable="d")
        await room.publish("1")
        assert await texts([await first.next_msg(2)]) == ["1"]
        await first.unsubscribe()
        await room.nc.flush()
        await room.publish("2")
        second = await room.js.subscribe(room.subject("a"), stream=name, durable="d")
        assert await texts([await second.next_msg(5)]) == ["2"]


class TestKeyValue:
    """Buckets of nats-py work."""

    async def test_values_are_put_and_got(self, room: Room) -> None:
        """With their revisions."""
        bucket = await room.bucket(history=3)
        assert [await bucket.put("k", b"1"), await bucket.put("k", b"2")] == [1, 2]
        entry = await bucket.get("k")
        assert (entry.value, entry.revision) == (b"2", 2)
        assert (await bucket.get("k", revision=1)).value == b"1"
        assert [each.value for each in await bucket.history("k")] == [b"1", b"2"]

    async def test_only_one_creates(self, room: Room) -> None:
        """And who updates an old revision is told so."""
        bucket = await room.bucket()
        await bucket.create("k", b"1")
        with pytest.raises(KeyWrongLastSequenceError):
            await bucket.create("k", b"2")
        await bucket.update("k", b"3", last=1)
        with pytest.raises(KeyWrongLastSequenceError):
            await bucket.update("k", b"4", last=1)

    async def test_keys_go_and_come_back(self, room: Room) -> None:
        """Deleted or purged."""
        bucket = await room.bucket(history=5)
        await bucket.put("a", b"1")
        await bucket.put("b", b"1")
        assert sorted(await bucket.keys()) == ["a", "b"]
        await bucket.delete("a")
        with pytest.raises(KeyNotFoundError):
            await bucket.get("a")
        assert await bucket.keys() == ["b"]
        await bucket.create("a", b"2")
        await bucket.put("a", b"3")
        await bucket.purge("a")
        assert [each.operation for each in await bucket.history("a")] == ["PURGE"]

    async def test_changes_are_watched(self, room: Room) -> None:
        """First what is there, then a mark, then what changes."""
        bucket = await room.bucket()
        await bucket.put("a", b"1")
        watcher: Any = await bucket.watchall()
        there = await watcher.updates(timeout=5)
        assert there and there.value == b"1"
        assert await watcher.updates(timeout=5) is None
        await bucket.put("b", b"2")
        changed = await watcher.updates(timeout=5)
        assert changed and (changed.key, changed.value) == ("b", b"2")
        await watcher.stop()

    async def test_an_empty_bucket_is_watched(self, room: Room) -> None:
        """The mark comes at once."""
        watcher: Any = await (await room.bucket()).watchall()
        assert await watcher.updates(timeout=5) is None
        await watcher.stop()


class TestObjectStore:
    """Object stores of nats-py work."""

    async def test_objects_come_back_whole(self, room: Room) -> None:
        """Also those of many chunks."""
        store = await room.objects()
        data = bytes(range(256)) * 2000
        info = await store.put("file", data)
        assert info.chunks and info.chunks > 1
        assert (await store.get("file")).data == data
        assert [each.name for each in await store.list()] == ["file"]

    async def test_objects_go(self, room: Room) -> None:
        """With their chunks."""
        store = await room.objects()
        await store.put("file", b"x" * 300_000)
        await store.delete("file")
        with pytest.raises(ObjectNotFoundError):
            await store.get("file")
