"""The service that the callers over NATS ask: so plain that the callers are what is measured.

``python -m benchmarks.integrations.answerer nats://127.0.0.1:4222`` answers ``bench.ask`` and, when
``bench.flood`` gets ``<subject> <count>``, sends as many messages to the subject. It speaks the
protocol itself: https://docs.nats.io/reference/reference-protocols/nats-protocol.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast
from urllib.parse import urlsplit

import uvloop

__all__ = ["ASK", "FLOOD", "main"]

ASK = "bench.ask"
FLOOD = "bench.flood"
READY = "ready"
ANSWER = b'{"resource_id":7,"name":"a thing of some kind","price":12.5,"tags":["red","round"]}'
_CONNECT = b'CONNECT {"verbose":false,"pedantic":false,"headers":true}\r\n'


class Answerer(asyncio.Protocol):
    """Answer what comes over one connection."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._received = b""
        self._ready = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say hello, and listen."""
        self._transport = cast(asyncio.Transport, transport)
        subscriptions = f"SUB {ASK} 1\r\nSUB {FLOOD} 2\r\nPING\r\n"
        self._transport.write(_CONNECT + subscriptions.encode())

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop."""
        self.ended.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Answer everything that is complete."""
        received, out, start = self._received + data, list[bytes](), 0
        while (end := received.find(b"\r\n", start)) >= 0:
            words = received[start:end].split()
            length = int(words[-1]) + 2 if words[0] in (b"MSG", b"HMSG") else 0
            payload = received[end + 2 : end + 2 + length]
            if len(payload) < length:
                break
            out += self._answer(words, payload)
            start = end + 2 + length
        self._received = received[start:]
        self._transport.write(b"".join(out))

    def _answer(self, words: list[bytes], payload: bytes) -> list[bytes]:
        if words[0] == b"PING":
            return [b"PONG\r\n"]
        if words[0] == b"PONG":
            self._say_ready()
        if words[0] not in (b"MSG", b"HMSG"):
            return []
        if words[1] == FLOOD.encode():
            subject, count = payload.split()
            return [_publication(subject)] * int(count)
        # Before the one or two lengths stands the subject of the reply.
        return [_publication(words[-2 if words[0] == b"MSG" else -3])]

    def _say_ready(self) -> None:
        if not self._ready:
            print(READY, flush=True)
        self._ready = True


def _publication(subject: bytes) -> bytes:
    return b"PUB %b %d\r\n%b\r\n" % (subject, len(ANSWER), ANSWER)


async def main(url: str) -> None:
    """Answer until the server goes, or a signal comes."""
    address = urlsplit(url)
    loop = asyncio.get_running_loop()
    _, answerer = await loop.create_connection(
        Answerer, str(address.hostname), address.port or 4222
    )
    await answerer.ended


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
