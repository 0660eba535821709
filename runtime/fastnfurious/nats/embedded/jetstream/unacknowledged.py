"""The messages that a consumer has delivered, and that nobody has acknowledged yet."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Floor", "Outstanding", "Unacknowledged"]


@dataclass(slots=True)
class Outstanding:
    """Hold one delivered message.

    Attributes:
        delivery: Number of its first delivery.
        deadline: When it is delivered again, in nanoseconds.
    """

    delivery: int
    deadline: int


@dataclass(slots=True)
class Floor:
    """Hold up to where everything is acknowledged: number of the delivery and of the message."""

    delivery: int
    sequence: int


class Unacknowledged:
    """Know what is outstanding, what is to be delivered again, and where the floor is.

    Args:
        floor: Number of the last message before those that are delivered.

    Attributes:
        floor: Up to where everything is acknowledged.
        redelivered: How often each message was delivered again.
    """

    def __init__(self, floor: int) -> None:
        self.floor = Floor(0, floor)
        self.redelivered: dict[int, int] = {}
        self._outstanding: dict[int, Outstanding] = {}
        self._again: dict[int, None] = {}

    def __len__(self) -> int:
        """Return how many messages are outstanding."""
        return len(self._outstanding)

    def __contains__(self, sequence: int) -> bool:
        """Return whether a message is outstanding."""
        return sequence in self._outstanding

    @property
    def again(self) -> list[int]:
        """Return the numbers of the messages to deliver again, in order."""
        return list(self._again)

    def first_again(self) -> int:
        """Return the number of the next message to deliver again; 0 for none."""
        return next(iter(self._again), 0)

    def track(self, sequence: int, delivery: int, deadline: int) -> None:
        """Note a delivery; a message keeps the number of its first one."""
        known = self._outstanding.get(sequence)
        if known is None:
            self._outstanding[sequence] = Outstanding(delivery, deadline)
        else:
            known.deadline = deadline

    def postpone(self, sequence: int, deadline: int) -> bool:
        """Deliver a message again at another moment; return whether it is outstanding."""
        known = self._outstanding.get(sequence)
        if known is None:
            return False
        known.deadline = deadline
        return True

    def demand(self, sequence: int) -> None:
        """Deliver a message again now."""
        if sequence in self._outstanding:
            self._again.setdefault(sequence)

    def withdraw(self, sequence: int) -> None:
        """Do not deliver a message again now."""
        self._again.pop(sequence, None)

    def settle(self, sequence: int, *, delivered: Floor) -> bool:
        """Forget an outstanding message and move the floor; return whether it was outstanding.

        Args:
            sequence: Number of the message.
            delivered: How far the consumer has got.
        """
        known = self._outstanding.pop(sequence, None)
        self.withdraw(sequence)
        if known is not None:
            self._move_floor(known.delivery, sequence, delivered)
        return known is not None

    def settle_up_to(self, sequence: int, delivery: int) -> list[int]:
        """Forget all messages up to one; return the numbers of those that were outstanding."""
        if delivery <= self.floor.delivery or sequence <= self.floor.sequence:
            return []
        self.floor = Floor(delivery, sequence)
        settled = [each for each in self._outstanding if each <= sequence]
        for each in settled:
            del self._outstanding[each]
            self.withdraw(each)
            self.redelivered.pop(each, None)
        return settled

    def overdue(self, now: int) -> list[int]:
        """Return the numbers of the messages whose time is up, in order."""
        found = (each for each, known in self._outstanding.items() if known.deadline <= now)
        return sorted(each for each in found if each not in self._again)

    def next_deadline(self) -> int:
        """Return the moment when the next message is due; 0 for none."""
        deadlines = (
            known.deadline for each, known in self._outstanding.items() if each not in self._again
        )
        return min(deadlines, default=0)

    def last_deadline(self) -> int:
        """Return the moment when the last message is due; 0 for none."""
        return max((known.deadline for known in self._outstanding.values()), default=0)

    def _move_floor(self, delivery: int, sequence: int, delivered: Floor) -> None:
        if not self._outstanding:
            self.floor = Floor(delivered.delivery, delivered.sequence)
        elif delivery == self.floor.delivery + 1:
            first = min(each for each in self._outstanding)
            known = self._outstanding[first]
            if first > sequence:
                self.floor = Floor(known.delivery - 1, first - 1)
            else:
                self.floor = Floor(delivery, sequence)
