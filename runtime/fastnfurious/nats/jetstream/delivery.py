"""A delivery: which message of which stream this is, and for the how manieth time.

*Source:* https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-15.md
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from fastnfurious.nats.contract import InvalidPayload, Message

__all__ = ["Delivery"]

_PREFIX = ("$JS", "ACK")


@dataclass(frozen=True, slots=True)
class Delivery:
    """Tell a handler where its message comes from; ask for it with a parameter of this type.

    Attributes:
        stream: The stream that keeps the message.
        consumer: The consumer that delivered it.
        attempt: 1 at the first delivery.
        sequence: Number of the message in the stream.
        consumer_sequence: Number of the delivery.
        published: When the stream got the message.
        pending: How many messages wait behind it.

    Example:
        >>> reply = "$JS.ACK.ORDERS.billing.2.17.31.1700000000000000000.4"
        >>> delivery = Delivery.of(Message("orders.created", b"", {}, reply))
        >>> delivery.stream, delivery.attempt, delivery.sequence, delivery.pending
        ('ORDERS', 2, 17, 4)
    """

    stream: str
    consumer: str
    attempt: int
    sequence: int
    consumer_sequence: int
    published: datetime
    pending: int

    @classmethod
    def of(cls, message: Message) -> Delivery:
        """Return what a message's reply subject says.

        Raises:
            InvalidPayload: The message does not come from a stream.
        """
        parts = message.reply.split(".")
        if tuple(parts[:2]) != _PREFIX or len(parts) < 9:
            raise InvalidPayload(f"the message to {message.subject!r} does not come from a stream")
        if len(parts) > 9:  # with a domain and the hash of an account in front
            parts = [*_PREFIX, *parts[4:]]
        stream, consumer = parts[2:4]
        attempt, sequence, consumer_sequence, nanoseconds, pending = map(int, parts[4:9])
        published = datetime.fromtimestamp(nanoseconds / 1e9, UTC)
        return cls(stream, consumer, attempt, sequence, consumer_sequence, published, pending)
