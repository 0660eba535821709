"""The load: a few connections, on each of them one request after the other."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Sequence
from itertools import cycle
from types import TracebackType

__all__ = ["Connection", "run"]

CONNECTIONS = 8
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


class Connection:
    """Ask a server on 127.0.0.1, one request at a time.

    Args:
        port: Where the server listens.
        limit: Seconds that an answer may take.
    """

    def __init__(self, port: int, *, limit: float = 10) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), limit)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Connection:
        """Return the connection."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self._socket.close()

    def ask(self, path: str) -> None:
        """Send a request."""
        self.send(request(path))

    def send(self, request: bytes) -> None:
        """Send a request that is written out."""
        self._socket.sendall(request)

    def answer(self) -> bytes:
        """Return the body of the answer.

        Raises:
            RuntimeError: It is not of status 200, or the server hung up.
        """
        received = self._socket.recv(65536)
        while (end := received.find(b"\r\n\r\n")) < 0 and received:
            received += self._socket.recv(65536)
        length = LENGTH.search(received, 0, end + 2)
        if not received.startswith(b"HTTP/1.1 200 ") or length is None:
            raise RuntimeError(f"The server answered {received[:200]!r} where 200 was expected")
        whole = end + 4 + int(length[1])
        while len(received) < whole:
            received += self._socket.recv(65536)
        return received[end + 4 :]


def request(path: str) -> bytes:
    """Write out a request."""
    return f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: */*\r\n\r\n".encode()


def run(port: int, paths: Sequence[str], requests: int) -> float:
    """Send requests on a few connections, each as soon as the one before is answered.

    Returns:
        The seconds that it took.
    """
    written = cycle([request(path) for path in paths])
    connections = [Connection(port) for _ in range(min(CONNECTIONS, requests))]
    try:
        started = time.perf_counter()
        for connection in connections:
            connection.send(next(written))
        for _ in range(requests // len(connections) - 1):
            for connection in connections:
                connection.answer()
                connection.send(next(written))
        for connection in connections:
            connection.answer()
        return time.perf_counter() - started
    finally:
        for connection in connections:
            connection.__exit__(None, None, None)
