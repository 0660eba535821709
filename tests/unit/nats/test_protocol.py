"""The codec of the embedded server: whatever is sent is understood, however it is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnfurious.nats.embedded.protocol import (
    Command,
    Connect,
    Parser,
    Ping,
    Pong,
    ProtocolFault,
    Publish,
    Subscribe,
    Unsubscribe,
    encode_message,
)

WORDS = st.text("abc.*>_-9", min_size=1, max_size=8)
MAYBE = st.one_of(st.just(""), WORDS)
HEADERS = st.one_of(st.just(b""), st.binary(max_size=30).map(lambda rest: b"NATS/1.0\r\n" + rest))
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.builds(Publish, WORDS, MAYBE, HEADERS, st.binary(max_size=60)),
    st.builds(Subscribe, WORDS, MAYBE, WORDS),
    st.builds(Unsubscribe, WORDS, st.integers(0, 10**6)),
    st.builds(Connect, st.dictionaries(st.text(max_size=5), st.booleans(), max_size=3)),
    st.just(Ping()),
    st.just(Pong()),
)


def write(command: Command) -> bytes:
    """Return a command as a client writes it."""
    import json

    match command:
        case Publish(subject, reply, b"", data):
            return f"PUB {subject} {reply} {len(data)}\r\n".encode() + data + b"\r\n"
        case Publish(subject, reply, headers, data):
            sizes = f"{len(headers)} {len(headers) + len(data)}"
            return f"HPUB {subject} {reply} {sizes}\r\n".encode() + headers + data + b"\r\n"
        case Subscribe(subject, queue, sid):
            return f"SUB {subject} {queue} {sid}\r\n".encode()
        case Unsubscribe(sid, limit):
            return f"UNSUB {sid} {limit}\r\n".encode()
        case Connect(options):
            return f"CONNECT {json.dumps(options)}\r\n".encode()
        case Ping():
            return b"PING\r\n"
    return b"PONG\r\n"


@given(st.lists(COMMANDS, max_size=6), st.data())
def test_commands_are_found_however_they_are_cut(
    commands: list[Command], data: st.DataObject
) -> None:
    """The network cuts where it likes."""
    parser, found = Parser(), list[Command]()
    rest = b"".join(map(write, commands))
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        found.extend(parser.feed(rest[:size]))
        rest = rest[size:]
    assert found == commands


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_rubbish_is_refused_and_nothing_worse(pieces: list[bytes]) -> None:
    """No other error comes out, and the end of a line is waited for."""
    parser = Parser(max_payload=100)
    try:
        for piece in pieces:
            list(parser.feed(piece))
    except ProtocolFault as fault:
        assert str(fault)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"HELLO\r\n", "Unknown Protocol Operation"),
        (b"PUB a b c d\r\n", "Unknown Protocol Operation"),
        (b"PUB a -1\r\n", "Unknown Protocol Operation"),
        (b"SUB a\r\n", "Unknown Protocol Operation"),
        (b"UNSUB 1 x\r\n", "Unknown Protocol Operation"),
        (b"HPUB a 9 5\r\n", "Unknown Protocol Operation"),
        (b"PUB a 2\r\nhello\r\n", "Unknown Protocol Operation"),
        (b"\xff\xfe \xff\r\n", "Unknown Protocol Operation"),
        (b"PUB a 101\r\n", "Maximum Payload Violation"),
        (b"PUB " + b"a" * 5000, "Maximum Control Line Exceeded"),
        (b"CONNECT {\r\n", "Invalid Client Protocol"),
        (b"CONNECT []\r\n", "Invalid Client Protocol"),
    ],
)
def test_what_breaks_the_protocol_is_named(sent: bytes, words: str) -> None:
    """In the words of nats-server."""
    with pytest.raises(ProtocolFault, match=words):
        list(Parser(max_payload=100).feed(sent))


@given(WORDS, WORDS, MAYBE, HEADERS, st.binary(max_size=60))
async def test_the_driver_reads_what_the_server_writes(
    subject: str, sid: str, reply: str, headers: bytes, data: bytes
) -> None:
    """Byte for byte, with the driver's own parser as the judge."""
    from nats.protocol.parser import Parser as DriverParser

    got: list[tuple[object, ...]] = []

    class Driver:
        async def _process_msg(self, *message: object) -> None:
            got.append(message)

    number = str(abs(hash(sid)))
    written = encode_message(number, subject, reply, headers, data)
    await DriverParser(Driver()).parse(written)
    assert got == [(int(number), subject.encode(), reply.encode(), data, headers or None)]
