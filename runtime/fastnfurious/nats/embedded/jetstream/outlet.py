"""The outlet: how JetStream reaches the clients of its server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from fastnfurious.nats.embedded.headers import write_headers
from fastnfurious.nats.embedded.protocol import Publish

__all__ = ["Host", "Outlet"]


class Host(Protocol):
    """What JetStream needs of its server."""

    id: str
    max_payload: int

    def send(self, target: str, message: Publish) -> None:
        """Take a message to who listens to a subject, which may not be the message's own."""
        ...

    def listens(self, subject: str) -> bool:
        """Return whether anybody listens to a subject."""
        ...

    def flush(self) -> None:
        """Send what has been taken."""
        ...


class Outlet:
    """Send messages, answers and statuses.

    Args:
        host: The server.
        clock: Tells the time in nanoseconds.

    Attributes:
        clock: Tells the time in nanoseconds.
    """

    def __init__(self, host: Host, clock: Callable[[], int]) -> None:
        self._host = host
        self.clock = clock
        self.listens = host.listens
        self.flush = host.flush

    def deliver(self, target: str, message: Publish) -> None:
        """Send a message, which keeps its own subject, to those who listen to another one."""
        self._host.send(target, message)

    def say(
        self,
        subject: str,
        data: bytes = b"",
        headers: Mapping[str, str] | None = None,
        reply: str = "",
    ) -> None:
        """Send a message of our own."""
        block = write_headers(headers) if headers else b""
        self._host.send(subject, Publish(subject, reply, block, data))

    def tell(
        self, subject: str, status: str, headers: Mapping[str, object], reply: str = ""
    ) -> None:
        """Send a status, such as ``404 No Messages``, with what it says beside."""
        lines = [f"NATS/1.0 {status}", *(f"{name}: {value}" for name, value in headers.items())]
        block = "\r\n".join([*lines, "", ""]).encode()
        self._host.send(subject, Publish(subject, reply, block, b""))
