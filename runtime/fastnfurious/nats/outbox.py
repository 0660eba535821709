"""Publications that wait for the server's return."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from fastnfurious.nats.contract import BufferFull
from fastnfurious.nats.settings import NatsSettings

__all__ = ["Outbox", "Publication"]


class Publication(NamedTuple):
    """A message on its way out."""

    subject: str
    data: bytes
    reply: str = ""
    headers: dict[str, str] | None = None


class Outbox:
    """Keep publications in order, up to a number of bytes.

    Args:
        limit: Most bytes of all payloads together.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._waiting: deque[Publication] = deque()

    def __len__(self) -> int:
        """Return how many publications wait."""
        return len(self._waiting)

    def add(self, publication: Publication) -> None:
        """Keep a publication.

        Raises:
            BufferFull: There is no room for it.
        """
        size = len(publication.data)
        if self._size + size > self._limit:
            raise BufferFull(
                f"NATS is away and {self._size} bytes wait for it already; "
                f"{NatsSettings.variable('pending_bytes')} allows {self._limit}"
            )
        self._waiting.append(publication)
        self._size += size

    def first(self) -> Publication:
        """Return the publication that waits longest."""
        return self._waiting[0]

    def drop_first(self) -> None:
        """Forget it, after it has been sent."""
        self._size -= len(self._waiting.popleft().data)
