"""Acknowledgements: the subject that a delivered message is answered on, and what is said there.

*Source:* https://docs.nats.io/nats-concepts/jetstream/consumers#acknowledgement
"""

from __future__ import annotations

import json
from enum import Enum
from typing import NamedTuple, Self

from fastnfurious.nats.embedded.jetstream.timestamps import parse_duration

__all__ = ["ACK", "Acknowledgement", "Delivery", "Verdict"]

ACK = "$JS.ACK."


class Delivery(NamedTuple):
    """Name one delivery of a message.

    Attributes:
        stream: Name of the stream.
        consumer: Name of the consumer.
        deliveries: How often the message has been delivered.
        sequence: Number of the message in the stream.
        delivery: Number of the delivery.
        time: When the message was stored, in nanoseconds.
        pending: How many messages are still to be delivered.
    """

    stream: str
    consumer: str
    deliveries: int
    sequence: int
    delivery: int
    time: int
    pending: int

    @property
    def subject(self) -> str:
        """Return the subject that the message is answered on."""
        return ACK + ".".join(str(each) for each in self)

    @classmethod
    def parse(cls, subject: str) -> Self | None:
        """Return the delivery that a subject names, if it does.

        Example:
            >>> Delivery.parse("$JS.ACK.S.C.1.7.3.0.2").sequence
            7
        """
        match subject.split("."):
            case ["$JS", "ACK", stream, consumer, *numbers] if len(numbers) >= 5:
                if all(each.isdecimal() for each in numbers[:5]):
                    return cls(stream, consumer, *(int(each) for each in numbers[:5]))
        return None


class Verdict(Enum):
    """Say what became of a message."""

    DONE = b"+ACK"
    NEXT = b"+NXT"
    AGAIN = b"-NAK"
    WORKING = b"+WPI"
    NEVER = b"+TERM"
    UNKNOWN = b""


class Acknowledgement(NamedTuple):
    """Hold what was said about a message, and what was said beside it."""

    verdict: Verdict
    rest: bytes

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Return what a payload says.

        Example:
            >>> Acknowledgement.parse(b"-NAK 2s").delay
            2000000000
        """
        if data in (b"", b"+ACK", b"+OK"):
            return cls(Verdict.DONE, b"")
        if data == b"+WPI":
            return cls(Verdict.WORKING, b"")
        for verdict in (Verdict.NEXT, Verdict.AGAIN, Verdict.NEVER):
            if data.startswith(verdict.value):
                return cls(verdict, data.removeprefix(verdict.value).strip())
        return cls(Verdict.UNKNOWN, data)

    @property
    def delay(self) -> int:
        """Return how long to wait before the next delivery, in nanoseconds."""
        try:
            if self.rest.startswith(b"{"):
                return max(0, int(json.loads(self.rest).get("delay", 0)))
            return parse_duration(self.rest.decode()) if self.rest else 0
        except (ValueError, TypeError, AttributeError):
            return 0
