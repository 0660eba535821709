"""The stream that a consumer belongs to, as far as the consumer knows it."""

from __future__ import annotations

from typing import Protocol

from fastnfurious.nats.embedded.jetstream.store import MessageStore
from fastnfurious.nats.embedded.jetstream.stream_config import StreamConfig

__all__ = ["Source"]


class Source(Protocol):
    """Hold messages for consumers.

    Attributes:
        config: What is kept, and for how long.
        store: The messages.
    """

    config: StreamConfig
    store: MessageStore

    def release(self, sequence: int) -> None:
        """Remove a message that is not needed any more, if the stream works so."""
        ...

    def drop(self, name: str) -> None:
        """Forget a consumer."""
        ...
