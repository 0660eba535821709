"""Clients that send as fast as they can, and judge every answer.

What a service that is being stopped owes its clients:

- A connection is *accepted* when ``connect`` succeeded: the kernel has shaken hands.
- A request whose first byte was sent on an accepted connection is owed a complete response: head,
  and body to the length that the head announces or to the last chunk, with the right content.
- On a connection that is used again, the same holds for every request of which the first byte was
  sent before the end of the connection (or its reset) had arrived at the client.
- After a response with ``Connection: close`` the server owes nothing more on that connection.
- A connection that is refused, or not answered at all, was not accepted.

Anything else is a violation.
"""

from __future__ import annotations

import asyncio
import random
import select
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.application.shutdown.loaded_service import CHUNK, CHUNKS

__all__ = ["Load", "Report"]

_BODY = b"x" * 5000
_TIMEOUT = 15.0


@dataclass(frozen=True, slots=True)
class _Request:
    path: str
    body: bytes | None
    expected: bytes


_SMALL = _Request("/small", None, b'{"answer":42}')
_SLOW = _Request("/slow", None, b'{"answer":42}')
_STREAM = _Request("/stream", None, CHUNK * CHUNKS)
_LENGTH = _Request("/length", _BODY, b'{"length":5000}')
_UNREAD = _Request("/unread", _BODY, b'{"answer":42}')
_FAST = (_SMALL,)
_MIXED = (_SMALL, _STREAM, _SLOW, _LENGTH, _UNREAD)


@dataclass(slots=True)
class Report:
    """Count what the clients saw.

    Attributes:
        completed: Requests with a complete, right response.
        completed_late: Those of them that were sent after the signal.
        refused: Connections that were not accepted.
        violations: What should not have happened, in words.
    """

    completed: int = 0
    completed_late: int = 0
    refused: int = 0
    violations: list[str] = field(default_factory=list)


class Load:
    """Keep clients busy until the service refuses connections.

    Half of the clients use a connection again for as long as they may, half open one for each
    request. Most send only small requests, so that at any moment some are on their way.

    Args:
        port: Where the service is.
        fast: How many clients of each half send small requests only.
        mixed: How many clients of each half send all kinds.
        tls: Whether the service speaks TLS.
    """

    def __init__(self, port: int, *, fast: int = 10, mixed: int = 4, tls: bool = False) -> None:
        self._port = port
        self._context = _trusting() if tls else None
        kinds = [_FAST] * fast + [_MIXED] * mixed
        self._clients = [(kind, keep_alive) for kind in kinds for keep_alive in (True, False)]
        self.report = Report()
        self.signalled = False

    async def run(self) -> Report:
        """Send requests until every client was refused after the signal."""
        async with asyncio.TaskGroup() as clients:
            for number, (kind, keep_alive) in enumerate(self._clients):
                requests = _endless(kind, random.Random(number))
                clients.create_task(self._client(requests, keep_alive))
        return self.report

    async def _client(self, requests: Iterator[_Request], keep_alive: bool) -> None:
        while True:
            try:
                async with asyncio.timeout(_TIMEOUT):
                    reader, writer = await asyncio.open_connection(
                        "127.0.0.1", self._port, ssl=self._context
                    )
            except (OSError, TimeoutError):
                self.report.refused += 1
                if not self.signalled:
                    self.report.violations.append("refused before the signal")
                return
            try:
                while await self._exchange(reader, writer, next(requests), keep_alive):
                    pass
            finally:
                writer.close()

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        request: _Request,
        keep_alive: bool,
    ) -> bool:
        """Send one request; return whether the connection can be used again."""
        if _has_ended(reader, writer):
            return False
        late, step = self.signalled, "sending"
        try:
            async with asyncio.timeout(_TIMEOUT):
                await _send(writer, request, keep_alive)
                step = "head"
                headers = await _head(reader)
                step = "body"
                body = await _body(reader, headers)
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            self._violation(f"{step} of {request.path}: {error!r}")
            return False
        if body != request.expected:
            self._violation(f"{request.path} answered {len(body)} wrong bytes")
        self.report.completed += 1
        self.report.completed_late += late
        return keep_alive and headers.get("connection") != "close"

    def _violation(self, text: str) -> None:
        when = "after the signal" if self.signalled else "before the signal"
        self.report.violations.append(f"{text} ({when})")


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _endless(kind: Sequence[_Request], chance: random.Random) -> Iterator[_Request]:
    while True:
        yield chance.choice(kind)


def _has_ended(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Return whether the server's end, or a reset, has arrived: nothing else is to be read now."""
    poll = select.poll()
    poll.register(writer.get_extra_info("socket").fileno(), select.POLLIN)
    return reader.at_eof() or reader.exception() is not None or bool(poll.poll(0))


async def _send(writer: asyncio.StreamWriter, request: _Request, keep_alive: bool) -> None:
    connection = "keep-alive" if keep_alive else "close"
    head = f"{'GET' if request.body is None else 'POST'} {request.path} HTTP/1.1\r\n"
    head += f"Host: localhost\r\nConnection: {connection}\r\n"
    if request.body is None:
        writer.write(f"{head}\r\n".encode())
        return
    # The body goes in a packet of its own, as http.client and others send it.
    writer.write(f"{head}Content-Length: {len(request.body)}\r\n\r\n".encode())
    await asyncio.sleep(0.002)
    writer.write(request.body)


async def _head(reader: asyncio.StreamReader) -> dict[str, str]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    if not lines[0].startswith("HTTP/1.1 200 "):
        raise ValueError(lines[0])
    pairs = (line.partition(": ") for line in lines[1:] if line)
    return {name.lower(): value.lower() for name, _, value in pairs}


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(headers["content-length"]))
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)
    return body
