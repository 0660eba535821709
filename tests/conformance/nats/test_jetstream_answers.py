"""The same requests are answered alike, word for word, by the embedded server and nats-server."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import nats
import pytest
from nats.errors import NoRespondersError

from fastnfurious.nats import EmbeddedServer
from servers.plugin import Backing
from tests.conformance.nats.room import Room

_LEFT_OUT = {"metadata", "cluster", "ts", "created", "type"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class Ask(NamedTuple):
    """Name a request; ``S`` stands for the name of the stream, and begins every subject."""

    subject: str
    body: object = None
    headers: dict[str, str] | None = None


def create(**settings: object) -> Ask:
    """Create the stream."""
    config = {"name": "S", "subjects": ["S.>"], "storage": "memory", **settings}
    return Ask("$JS.API.STREAM.CREATE.S", config)


def update(**settings: object) -> Ask:
    """Change the stream."""
    config = {"name": "S", "subjects": ["S.>"], "storage": "memory", **settings}
    return Ask("$JS.API.STREAM.UPDATE.S", config)


def consumer(name: str = "c", *, filtered: str = "", action: str = "", **settings: object) -> Ask:
    """Create or change a consumer."""
    subject = f"$JS.API.CONSUMER.CREATE.S.{name}" + (f".{filtered}" if filtered else "")
    config = {"name": name, **settings}
    return Ask(subject, {"stream_name": "S", "action": action, "config": config})


def message(subject: str, text: str = "x", **headers: str) -> Ask:
    """Publish a message; a header ``Msg_Id`` is ``Nats-Msg-Id``."""
    named = {f"Nats-{name.replace('_', '-')}": value for name, value in headers.items()}
    return Ask(f"S.{subject}", text.encode(), named or None)


def about(verb: str, body: object = None, rest: str = "") -> Ask:
    """Ask about the stream."""
    return Ask(f"$JS.API.{verb}.S{rest}", body)


INFO = about("STREAM.INFO")
SCENARIOS: dict[str, list[Ask]] = {
    "a stream": [
        create(),
        create(),
        create(max_msgs=5),
        about("STREAM.NAMES", rest="")._replace(
            subject="$JS.API.STREAM.NAMES", body={"subject": "S.a"}
        ),
        Ask("$JS.API.STREAM.LIST", {"subject": "S.a"}),
        Ask("$JS.API.STREAM.NAMES", {"subject": "S"}),
        INFO,
        update(max_msgs=5, description="five", metadata={"a": "b"}),
        update(storage="file"),
        update(retention="workqueue"),
        about("STREAM.DELETE"),
        about("STREAM.DELETE"),
        INFO,
    ],
    "settings of streams that make no sense": [
        create(name="OTHER"),
        create(nonsense=1),
        create(max_msgs="x"),
        create(retention="x"),
        create(subjects=["S..a"]),
        create(subjects=["S.a", "S.a"]),
        create(subjects=["S.>", "S.a"]),
        create(subjects=["$JS.API.>"]),
        create(subjects=[">"]),
        create(max_age=1),
        create(max_age=-1),
        create(max_age=10**9, duplicate_window=10**10),
        create(duplicate_window=1),
        create(duplicate_window=-5),
        create(discard_new_per_subject=True),
        create(discard_new_per_subject=True, discard="new"),
        create(deny_purge=True, allow_rollup_hdrs=True),
        create(num_replicas=3),
        create(num_replicas=-1),
        Ask("$JS.API.STREAM.CREATE.S"),
        Ask("$JS.API.STREAM.CREATE.S", b"{"),
        Ask("$JS.API.STREAM.CREATE.S", [1]),
        update(),
    ],
    "settings of streams that are completed": [
        create(max_msgs=-5, max_bytes=0, max_msg_size=0, max_consumers=-7, max_age=10**9),
        about("STREAM.DELETE"),
        create(no_ack=True, sealed=False, first_seq=10, allow_msg_ttl=True, compression="s2"),
        INFO,
        about("STREAM.DELETE"),
        create(consumer_limits={"max_ack_pending": 5, "inactive_threshold": 10**10}),
        consumer("c", ack_policy="explicit"),
        consumer("d", ack_policy="explicit", max_ack_pending=6),
        consumer("e", inactive_threshold=10**12),
    ],
    "publishing": [
        create(allow_rollup_hdrs=True, allow_msg_ttl=True),
        message("a", "1"),
        message("b", "2", Msg_Id="one"),
        message("b", "3", Msg_Id="one"),
        message("b", "3", Msg_Id="one", Expected_Last_Sequence="9"),
        message("b", "3", Expected_Last_Msg_Id="two"),
        message("b", "3", Expected_Last_Msg_Id="one"),
        message("b", "3", Expected_Stream="OTHER"),
        message("b", "3", Expected_Last_Sequence="x"),
        message("b", "3", Expected_Last_Sequence="3"),
        message("b", "3", Expected_Last_Subject_Sequence="1"),
        message("b", "3", Expected_Last_Subject_Sequence="4"),
        message("c", "3", Expected_Last_Subject_Sequence="0"),
        message("c", "3", Expected_Last_Subject_Sequence="1", Rollup="sub"),
        message("c", "3", Rollup="nobody"),
        message("c", "3", TTL="soon"),
        message("c", "3", TTL="500ms"),
        message("c", "3", TTL="1h"),
        message("c", "3", TTL="never"),
        message("c", "3", Rollup="sub"),
        INFO,
        about("STREAM.INFO", {"subjects_filter": ">", "deleted_details": True}),
        message("c", "3", Rollup="all"),
        INFO,
        message("c", "3", Incr="1"),
        message("c", "3", Schedule="@at 2030-01-01T00:00:00Z"),
    ],
    "limits": [
        create(max_msgs=2),
        *[message("a", str(number)) for number in range(4)],
        INFO,
        update(max_msgs=1),
        INFO,
        update(max_bytes=60),
        message("a", "x" * 30),
        message("a", "x" * 90),
        INFO,
        update(max_msg_size=3),
        message("a", "1234"),
        update(max_msgs_per_subject=1),
        *[message(subject, "1") for subject in ("a", "b", "a", "b")],
        about("STREAM.INFO", {"subjects_filter": ">"}),
        update(discard="new", max_msgs=2),
        message("c", "1"),
        message("a", "1"),
        update(discard="new", max_msgs_per_subject=1, discard_new_per_subject=True),
        message("a", "1"),
        message("d", "1"),
    ],
    "what is forbidden": [
        create(deny_delete=True, deny_purge=True),
        message("a"),
        about("STREAM.MSG.DELETE", {"seq": 1}),
        about("STREAM.PURGE"),
        update(),
        update(deny_delete=True, deny_purge=True, sealed=True),
        message("a"),
        about("STREAM.MSG.DELETE", {"seq": 1}),
        about("STREAM.PURGE"),
        update(deny_delete=True, deny_purge=True),
    ],
    "single messages": [
        create(allow_direct=True),
        message("a", "1"),
        message("b", "2", Msg_Id="one"),
        message("a", "3"),
        about("STREAM.MSG.GET", {"seq": 1}),
        about("STREAM.MSG.GET", {"seq": 2}),
        about("STREAM.MSG.GET", {"last_by_subj": "S.a"}),
        about("STREAM.MSG.GET", {"last_by_subj": "S.*"}),
        about("STREAM.MSG.GET", {"seq": 2, "next_by_subj": "S.a"}),
        about("STREAM.MSG.GET", {"next_by_subj": "S.b"}),
        about("STREAM.MSG.GET", {"seq": 9}),
        about("STREAM.MSG.GET", {"last_by_subj": "S.z"}),
        about("STREAM.MSG.GET", {"seq": 1, "last_by_subj": "S.a"}),
        about("STREAM.MSG.GET", {}),
        about("STREAM.MSG.GET"),
        about("STREAM.MSG.DELETE", {"seq": 9}),
        about("STREAM.MSG.DELETE", {"seq": 2}),
        about("STREAM.MSG.DELETE", {"seq": 2}),
        about("STREAM.MSG.GET", {"seq": 2}),
        about("STREAM.INFO", {"deleted_details": True}),
        about("STREAM.PURGE", {"filter": "S.a", "keep": 1}),
        about("STREAM.PURGE", {"seq": 1, "keep": 1}),
        about("STREAM.PURGE", {"seq": 3}),
        about("STREAM.PURGE"),
        INFO,
    ],
    "single messages of a stream in a file": [
        create(storage="file"),
        *[message("a", str(number), Msg_Id=str(number)) for number in range(4)],
        about("STREAM.MSG.DELETE", {"seq": 2}),
        about("STREAM.MSG.DELETE", {"seq": 2}),
        about("STREAM.MSG.DELETE", {"seq": 9}),
        INFO,
        update(storage="file", max_bytes=150),
        message("a", "x" * 50),
        INFO,
    ],
    "consumers": [
        create(),
        message("a", "1"),
        message("b", "2"),
        consumer("c", durable_name="c", ack_policy="explicit"),
        consumer("c", durable_name="c", ack_policy="explicit"),
        consumer("c", durable_name="c", ack_policy="explicit", max_ack_pending=5),
        consumer("c", durable_name="c", ack_policy="explicit", filter_subject="S.a"),
        consumer("c", durable_name="c", ack_policy="explicit", deliver_policy="new"),
        consumer("c", durable_name="c", ack_policy="none"),
        consumer("c", durable_name="c", ack_policy="explicit", deliver_subject="S-d"),
        consumer("c", action="create", durable_name="c", ack_policy="explicit"),
        consumer("d", action="update"),
        consumer("d", filtered="S.b", filter_subject="S.b", inactive_threshold=10**11),
        about("CONSUMER.INFO", rest=".c"),
        about("CONSUMER.INFO", rest=".d"),
        about("CONSUMER.INFO", rest=".z"),
        about("CONSUMER.NAMES"),
        about("CONSUMER.LIST"),
        about("CONSUMER.LIST", {"offset": 1}),
        about("CONSUMER.DURABLE.CREATE", {"stream_name": "S", "config": {}}, ".e"),
        about(
            "CONSUMER.DURABLE.CREATE",
            {"stream_name": "S", "config": {"durable_name": "f"}},
            ".e",
        ),
        about(
            "CONSUMER.DURABLE.CREATE",
            {"stream_name": "S", "config": {"durable_name": "e"}},
            ".e",
        ),
        about("CONSUMER.CREATE", {"stream_name": "S", "config": {"durable_name": "e"}}),
        about("CONSUMER.CREATE", {"stream_name": "T", "config": {}}),
        about("CONSUMER.CREATE", b"{"),
        about("CONSUMER.DELETE", rest=".c"),
        about("CONSUMER.DELETE", rest=".c"),
        INFO,
    ],
    "settings of consumers that make no sense": [
        create(),
        consumer(nonsense=1),
        consumer(max_deliver="x"),
        consumer(durable_name="z"),
        consumer(num_replicas=3),
        consumer(num_replicas=-1),
        consumer(ack_wait=-1),
        consumer(ack_policy="explicit", backoff=[1, 2], max_deliver=1),
        consumer(ack_policy="explicit", backoff=[-1]),
        consumer(filter_subject="S..a"),
        consumer(filtered="S.b", filter_subject="S.a"),
        consumer(filtered="S.b", filter_subjects=["S.a", "S.b"]),
        consumer(filter_subjects=["S.a", "S.>"]),
        consumer(filter_subjects=["S.a", ""]),
        consumer(filter_subject="S.a", filter_subjects=["S.b"]),
        consumer(deliver_policy="by_start_sequence"),
        consumer(deliver_policy="by_start_time"),
        consumer(deliver_policy="last_per_subject"),
        consumer(opt_start_seq=1),
        consumer(deliver_policy="new", opt_start_time="2030-01-01T00:00:00Z"),
        consumer(flow_control=True),
        consumer(idle_heartbeat=10**9),
        consumer(deliver_subject="d", idle_heartbeat=10**6),
        consumer(deliver_subject="d", flow_control=True),
        consumer(deliver_subject="d.*"),
        consumer(deliver_subject="S.d"),
        consumer(deliver_subject="d", max_waiting=5),
        consumer(deliver_subject="d", max_ack_pending=5),
        consumer(max_expires=1),
        consumer(rate_limit_bps=5),
        about("CONSUMER.NAMES"),
    ],
    "consumers of a work queue": [
        create(retention="workqueue", max_consumers=3),
        consumer("a"),
        consumer("a", ack_policy="explicit", deliver_policy="new"),
        consumer("a", ack_policy="explicit", filter_subject="S.a"),
        consumer("b", ack_policy="explicit"),
        consumer("b", ack_policy="explicit", filter_subject="S.*"),
        consumer("b", ack_policy="explicit", filter_subject="S.b"),
        consumer("c", ack_policy="explicit", filter_subject="S.c"),
        consumer("d", ack_policy="explicit", filter_subject="S.d"),
    ],
    "nothing there": [
        INFO,
        about("STREAM.PURGE"),
        about("STREAM.MSG.GET", {"seq": 1}),
        about("STREAM.MSG.DELETE", {"seq": 1}),
        about("CONSUMER.NAMES"),
        about("CONSUMER.LIST"),
        about("CONSUMER.INFO", rest=".c"),
        about("CONSUMER.DELETE", rest=".c"),
        about("CONSUMER.CREATE", {"stream_name": "S", "config": {}}),
        about("CONSUMER.MSG.NEXT", rest=".c"),
        about("DIRECT.GET", {"seq": 1}),
        about("DIRECT.GET", rest=".S.a"),
        Ask("$JS.ACK.S.c.1.1.1.1.1", b"+ACK"),
        message("a"),
    ],
}


@asynccontextmanager
async def room_at(url: str) -> AsyncIterator[Room]:
    """Give a room on a server."""
    connection = await nats.connect(url)
    room = Room(connection)
    try:
        yield room
    finally:
        await room.close()
        await connection.close()


async def answered(room: Room, ask: Ask) -> Any:
    """Return what a server answers, without what is its own."""
    body = _replace(ask.body, "S", room.name)
    subject = re.sub(r"(^|\.)S(?=$|\.)", rf"\g<1>{room.name}", ask.subject)
    try:
        answer = await room.call(subject, body, dict(ask.headers) if ask.headers else None)
    except NoRespondersError:
        return "nobody"
    return _without_own(_replace(answer, room.name, "S"))


def _replace(value: Any, old: str, new: str) -> Any:
    if isinstance(value, bytes | None):
        return value
    words = rf'(?<=["\s>]){old}(?=[".\s])'
    return json.loads(re.sub(words, new, json.dumps(value)))


def _without_own(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _description(each) if name == "description" else _without_own(each)
            for name, each in value.items()
            if name not in _LEFT_OUT
        }
    if isinstance(value, list):
        return [_without_own(each) for each in value]
    return _TIME.sub("T", value) if isinstance(value, str) else value


def _description(words: str) -> str:
    """Say no more of malformed JSON than that it is: each language has its own words for that."""
    return re.sub(r"^invalid JSON: .*", "invalid JSON", words)


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_requests_are_answered_alike(
    scenario: str, backing: Backing, anyio_backend: object
) -> None:
    """Successes and errors, with the numbers and the descriptions."""
    endpoint = backing("jetstream", "nats")
    assert endpoint is not None
    async with (
        EmbeddedServer() as server,
        room_at(server.url) as ours,
        room_at(endpoint.url) as theirs,
    ):
        for ask in SCENARIOS[scenario]:
            expected = await answered(theirs, ask)
            assert await answered(ours, ask) == expected, ask


@pytest.mark.parametrize(
    "ask",
    [
        create(mirror={"name": "OTHER"}),
        create(sources=[{"name": "OTHER"}]),
        create(subject_transform={"src": "a", "dest": "b"}),
        create(republish={"src": "a", "dest": "b"}),
        about("STREAM.SNAPSHOT", {"deliver_subject": "x"}),
        about("CONSUMER.PAUSE", {"pause_until": "2030-01-01T00:00:00Z"}, ".c"),
    ],
)
async def test_what_takes_a_real_server_says_so(ask: Ask, anyio_backend: object) -> None:
    """And names the setting that is missing."""
    async with EmbeddedServer() as server, room_at(server.url) as room:
        answer = await answered(room, ask)
        assert "set NATS_URL to a nats-server" in answer["error"]["description"]
