"""The wire protocol from the side of the server: bytes to commands, and answers to bytes.

*Source:* https://docs.nats.io/reference/reference-protocols/nats-protocol
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

__all__ = [
    "Command",
    "Connect",
    "Parser",
    "Ping",
    "Pong",
    "ProtocolFault",
    "Publish",
    "Subscribe",
    "Unsubscribe",
    "encode_message",
    "no_responders",
]

_LONGEST_LINE = 4096


class ProtocolFault(Exception):
    """Carry the words of the ``-ERR`` with which a connection ends."""


class Connect(NamedTuple):
    """Introduce the client."""

    options: dict[str, Any]


class Publish(NamedTuple):
    """Send a message; ``headers`` is the whole block, or empty."""

    subject: str
    reply: str
    headers: bytes
    data: bytes


class Subscribe(NamedTuple):
    """Ask for messages."""

    subject: str
    queue: str
    sid: str


class Unsubscribe(NamedTuple):
    """Ask for no more messages, at once or after as many as ``limit``."""

    sid: str
    limit: int


class Ping(NamedTuple):
    """Ask for a sign of life."""


class Pong(NamedTuple):
    """Give a sign of life."""


Command = Connect | Publish | Subscribe | Unsubscribe | Ping | Pong


class _Header(NamedTuple):
    """The line of a publication whose payload may not have arrived yet."""

    subject: str
    reply: str
    headers_size: int
    size: int


class Parser:
    """Find the commands in what a client sends, however it is cut into pieces.

    Args:
        max_payload: Most bytes of headers and data together.

    Example:
        >>> list(Parser().feed(b"PING\\r\\nPUB a 2\\r\\nhi\\r\\n"))
        [Ping(), Publish(subject='a', reply='', headers=b'', data=b'hi')]
    """

    def __init__(self, max_payload: int = 1024 * 1024) -> None:
        self._max_payload = max_payload
        self._buffer = bytearray()
        self._header: _Header | None = None

    def feed(self, data: bytes) -> Iterator[Command]:
        """Yield the commands that are complete with these bytes.

        Raises:
            ProtocolFault: The client breaks the protocol.
        """
        self._buffer += data
        while True:
            command = self._payload() if self._header else self._line()
            if command is None:
                return
            if not isinstance(command, _Header):
                yield command

    def _line(self) -> Command | _Header | None:
        end = self._buffer.find(b"\n")
        if max(end, len(self._buffer) if end < 0 else 0) > _LONGEST_LINE:
            raise ProtocolFault("Maximum Control Line Exceeded")
        if end < 0:
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        command = self._parse(line.rstrip(b"\r"))
        if isinstance(command, _Header):
            self._header = command
        return command

    def _payload(self) -> Publish | None:
        header = self._header
        if header is None or len(self._buffer) < header.size + 2:
            return None
        block, self._header = self._buffer[: header.size + 2], None
        del self._buffer[: header.size + 2]
        if block[-2:] != b"\r\n":
            raise ProtocolFault("Unknown Protocol Operation")
        cut = header.headers_size
        return Publish(header.subject, header.reply, bytes(block[:cut]), bytes(block[cut:-2]))

    def _parse(self, line: bytes) -> Command | _Header:
        verb, _, rest = line.partition(b" ")
        name = verb.strip().upper()
        if name == b"CONNECT":
            return _parse_connect(rest)
        try:
            words = rest.decode().split()
        except UnicodeDecodeError:
            raise ProtocolFault("Unknown Protocol Operation") from None
        return self._parse_words(name, words)

    def _parse_words(self, name: bytes, words: list[str]) -> Command | _Header:
        match name, words:
            case b"PUB", [subject, size]:
                return self._publication(subject, "", "0", size)
            case b"PUB", [subject, reply, size]:
                return self._publication(subject, reply, "0", size)
            case b"HPUB", [subject, headers_size, size]:
                return self._publication(subject, "", headers_size, size)
            case b"HPUB", [subject, reply, headers_size, size]:
                return self._publication(subject, reply, headers_size, size)
            case b"SUB", [subject, sid]:
                return Subscribe(subject, "", sid)
            case b"SUB", [subject, queue, sid]:
                return Subscribe(subject, queue, sid)
            case b"UNSUB", [sid]:
                return Unsubscribe(sid, 0)
            case b"UNSUB", [sid, limit] if limit.isdecimal():
                return Unsubscribe(sid, int(limit))
            case b"PING", []:
                return Ping()
            case b"PONG", []:
                return Pong()
        raise ProtocolFault("Unknown Protocol Operation")

    def _publication(self, subject: str, reply: str, headers_size: str, size: str) -> _Header:
        if not (size.isdecimal() and headers_size.isdecimal()):
            raise ProtocolFault("Unknown Protocol Operation")
        header = _Header(subject, reply, int(headers_size), int(size))
        if header.headers_size > header.size:
            raise ProtocolFault("Unknown Protocol Operation")
        if header.size > self._max_payload:
            raise ProtocolFault("Maximum Payload Violation")
        return header


def _parse_connect(text: bytes) -> Connect:
    try:
        options = json.loads(text)
    except ValueError:
        options = None
    if not isinstance(options, dict):
        raise ProtocolFault("Invalid Client Protocol")
    return Connect(options)


def encode_message(sid: str, subject: str, reply: str, headers: bytes, data: bytes) -> bytes:
    """Return a message as the server sends it.

    Example:
        >>> encode_message("1", "a", "", b"", b"hi")
        b'MSG a 1 2\\r\\nhi\\r\\n'
    """
    where = f"{subject} {sid} {reply}".rstrip()
    if headers:
        total = len(headers) + len(data)
        return b"HMSG %s %d %d\r\n%s%s\r\n" % (where.encode(), len(headers), total, headers, data)
    return b"MSG %s %d\r\n%s\r\n" % (where.encode(), len(data), data)


def no_responders(subject: str) -> bytes:
    """Return the headers of the answer to a request that nobody listens for."""
    return b"NATS/1.0 503\r\nNats-Subject: %s\r\n\r\n" % subject.encode()
