"""What a durable consumer is asked to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastnfurious.core.errors import ConfigurationError

__all__ = ["ConsumerOptions"]

_POLICIES = ("all", "new", "last", "last_per_subject")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerOptions:
    """Say which messages a consumer gets, and what happens to those that fail.

    Attributes:
        subject: Subject, or pattern of subjects.
        durable: Name that the server remembers the consumer by.
        stream: The stream; by default the one that keeps the subject.
        concurrency: How many messages are handled at the same time.
        ack_wait: Seconds after which a process that says nothing has lost its message.
        max_deliveries: How often a message is tried.
        backoff: Seconds to wait after the first failure, the second, and so on; the last goes on.
        dead_letter: Subject for messages that are given up.
        deliver: Where a new consumer begins: ``all``, ``new``, ``last`` or ``last_per_subject``.

    Raises:
        ConfigurationError: A value cannot work.
    """

    subject: str
    durable: str
    stream: str | None = None
    concurrency: int = 1
    ack_wait: float = 30.0
    max_deliveries: int = 5
    backoff: Sequence[float] = (1.0, 5.0, 30.0)
    dead_letter: str | None = None
    deliver: str = "all"

    def __post_init__(self) -> None:
        """Refuse what the server would, and what would lose messages."""
        if not self.durable or set(self.durable) & set(" .*>/\\"):
            raise ConfigurationError(
                f"durable={self.durable!r} is not accepted: a name without blanks, dots and slashes"
            )
        for name in ("concurrency", "max_deliveries"):
            if getattr(self, name) < 1:
                raise ConfigurationError(
                    f"{name}={getattr(self, name)} is not accepted: at least 1"
                )
        if self.ack_wait <= 0 or any(each < 0 for each in self.backoff):
            raise ConfigurationError("ack_wait has to be above 0 s, and no back-off below it")
        if self.deliver not in _POLICIES:
            raise ConfigurationError(
                f"deliver={self.deliver!r} is not accepted: one of {', '.join(_POLICIES)}"
            )

    def configuration(self) -> dict[str, Any]:
        """Return what the server has to know.

        It is not told how often to deliver: after the last time it would forget a message
        silently, where we put it among the dead letters.
        """
        return {
            "durable_name": self.durable,
            "name": self.durable,
            "filter_subject": self.subject,
            "deliver_policy": self.deliver,
            "ack_policy": "explicit",
            "ack_wait": round(self.ack_wait * 1e9),
            "max_deliver": -1,
            "replay_policy": "instant",
        }

    def pause(self, attempt: int) -> float:
        """Return the seconds to wait after an attempt has failed.

        Example:
            >>> options = ConsumerOptions(subject="a", durable="b", backoff=[1, 5])
            >>> [options.pause(attempt) for attempt in (1, 2, 3)]
            [1, 5, 5]
        """
        return self.backoff[min(attempt, len(self.backoff)) - 1] if self.backoff else 0.0
