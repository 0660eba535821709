"""The protocol, byte for byte: what nats-server sends, the embedded server sends."""

from __future__ import annotations

import re

import pytest

from tests.conformance.nats.conftest import Clients
from tests.conformance.nats.wire import Wire


async def test_a_message_reaches_its_subscriber(clients: Clients) -> None:
    """Also the one who sent it."""
    wire = await clients.wire()
    wire.send(b"SUB greet 7", b"PUB greet 2", b"hi", b"PUB greet back.1 0", b"")
    assert await wire.settle() == b"MSG greet 7 2\r\nhi\r\nMSG greet 7 back.1 0\r\n\r\n"


async def test_operations_are_taken_in_any_case_and_spacing(clients: Clients) -> None:
    """As people type them."""
    wire = await clients.wire()
    wire.send(b"sub  greet   7", b"Pub greet  2", b"hi")
    assert await wire.settle() == b"MSG greet 7 2\r\nhi\r\n"


async def test_who_wants_no_echo_gets_none(clients: Clients) -> None:
    """Others do."""
    silent, other = await clients.wire(echo=False), await clients.wire()
    for wire in (silent, other):
        wire.send(b"SUB greet 1")
        await wire.settle()
    silent.send(b"PUB greet 2", b"hi")
    assert await silent.settle() == b""
    assert await other.settle() == b"MSG greet 1 2\r\nhi\r\n"


async def test_headers_arrive_as_they_were_sent(clients: Clients) -> None:
    """The two sizes count the block of headers, and everything."""
    wire = await clients.wire()
    wire.send(b"SUB greet 1")
    wire.send(b"HPUB greet 18 20", b"NATS/1.0\r\nA: b\r\n", b"hi")
    assert b"HMSG greet 1 18 20\r\nNATS/1.0\r\nA: b\r\n\r\nhi\r\n" in await wire.settle()


async def test_who_takes_no_headers_gets_the_payload_alone(clients: Clients) -> None:
    """An old client still understands."""
    old, new = await clients.wire(headers=False), await clients.wire()
    old.send(b"SUB greet 1")
    await old.settle()
    new.send(b"HPUB greet 18 20", b"NATS/1.0\r\nA: b\r\n", b"hi")
    await new.settle()
    assert await old.settle() == b"MSG greet 1 2\r\nhi\r\n"


async def test_a_request_to_nobody_is_answered_at_once(clients: Clients) -> None:
    """Who asked for it is told; who did not waits."""
    asking, waiting = await clients.wire(no_responders=True), await clients.wire()
    for wire in (asking, waiting):
        wire.send(b"SUB inbox.* 3", b"PUB nobody inbox.1 0", b"")
    told = await asking.settle()
    status = rb"NATS/1.0 503\r\n(Nats-Subject: nobody\r\n)?\r\n\r\n"  # the subject since 2.12
    assert re.fullmatch(rb"HMSG inbox.1 3 (\d+) \1\r\n" + status, told)
    assert await waiting.settle() == b""


async def test_a_subscription_ends_after_as_many_messages_as_were_wanted(clients: Clients) -> None:
    """Those that came before count."""
    wire = await clients.wire()
    wire.send(b"SUB n 1", b"PUB n 1", b"a", b"UNSUB 1 2", *[b"PUB n 1", b"b"] * 3)
    assert (await wire.settle()).count(b"MSG") == 2
    wire.send(b"SUB m 2", *[b"PUB m 1", b"b"] * 3, b"UNSUB 2 1", b"PUB m 1", b"c")
    assert (await wire.settle()).count(b"MSG") == 3


async def test_an_ended_subscription_gets_nothing(clients: Clients) -> None:
    """Ending one that does not exist is no error."""
    wire = await clients.wire()
    wire.send(b"SUB n 1", b"UNSUB 1", b"UNSUB 99", b"PUB n 1", b"a")
    assert await wire.settle() == b""


async def test_one_member_of_a_queue_group_gets_each_message(clients: Clients) -> None:
    """A plain subscription gets them as well."""
    wire = await clients.wire()
    wire.send(b"SUB n workers 1", b"SUB n workers 2", b"SUB n others 3", b"SUB n 4")
    wire.send(*[b"PUB n 1", b"a"] * 20)
    got = await wire.settle()
    counts = {sid: got.count(b"MSG n %d 1\r\n" % sid) for sid in (1, 2, 3, 4)}
    assert counts[1] + counts[2] == counts[3] == counts[4] == 20
    assert counts[1] and counts[2]


async def test_verbose_clients_are_told_that_all_is_well(clients: Clients) -> None:
    """Command by command."""
    wire = await clients.wire(verbose=True)
    wire.send(b"SUB n 1", b"UNSUB 1", b"PUB n 0", b"")
    assert await wire.settle() == b"+OK\r\n" * 4


@pytest.mark.parametrize("subject", [b"a..b", b".a", b"a.", b">.a", b"a.>.b"])
async def test_a_subscription_to_no_subject_is_refused(clients: Clients, subject: bytes) -> None:
    """The connection stays."""
    wire = await clients.wire()
    wire.send(b"SUB %s 1" % subject)
    assert await wire.settle() == b"-ERR 'Invalid Subject'\r\n"


async def test_a_pedantic_client_is_told_of_bad_subjects(clients: Clients) -> None:
    """Wildcards are for subscriptions."""
    wire = await clients.wire(pedantic=True)
    wire.send(b"PUB a.* 0", b"")
    assert await wire.settle() == b"-ERR 'Invalid Publish Subject'\r\n"


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"HELLO", b"Unknown Protocol Operation"),
        (b"PUB a 1048577", b"Maximum Payload Violation"),
    ],
)
async def test_whoever_breaks_the_protocol_is_cut_off(
    clients: Clients, line: bytes, error: bytes
) -> None:
    """With a word of why."""
    wire = await clients.wire()
    wire.send(line)
    assert error in await wire.rest()


async def test_a_wrong_password_is_refused(guarded: str) -> None:
    """So is none, and so is a client that does not introduce itself."""
    for options in ({}, {"user": "alice", "pass": "wrong"}, {"user": "bob", "pass": "open sesame"}):
        async with Wire(guarded, options) as wire:
            assert wire.info["auth_required"] is True
            assert await wire.rest() == b"-ERR 'Authorization Violation'\r\n"
    async with Wire(guarded, silent=True) as wire:
        wire.send(b"PUB a 0", b"")
        assert b"Authorization Violation" in await wire.rest()


async def test_the_right_password_is_accepted(guarded: str) -> None:
    """And everything works."""
    async with Wire(guarded, {"user": "alice", "pass": "open sesame"}) as wire:
        wire.send(b"SUB a 1", b"PUB a 0", b"")
        assert await wire.settle() == b"MSG a 1 0\r\n\r\n"
