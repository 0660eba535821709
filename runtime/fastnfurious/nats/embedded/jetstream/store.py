"""The messages of one stream, in the order of their numbers."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fastnfurious.nats.embedded.subjects import matches

__all__ = ["MessageStore", "StoredMessage"]


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """Hold a message as it was published.

    Attributes:
        sequence: Its number in the stream.
        subject: Where it was published.
        headers: The whole block, or empty.
        data: The payload.
        time: When it was stored, in nanoseconds.
        expires: When it is removed by its own wish; 0 for never.
    """

    sequence: int
    subject: str
    headers: bytes
    data: bytes
    time: int
    expires: int = 0


class MessageStore:
    """Keep messages in memory.

    Args:
        in_file: Whether sizes are counted as nats-server counts them in a file.
        first: Number of the first message.

    Attributes:
        first: Number of the first message that is there, or of the next when there is none.
        last: Number of the last message that was ever there.
        last_time: When that was stored, in nanoseconds.
        bytes: Size of all messages that are there.
    """

    def __init__(self, *, in_file: bool = False, first: int = 0) -> None:
        self._in_file = in_file
        self._messages: dict[int, StoredMessage] = {}
        self._subjects: dict[str, list[int]] = {}
        self.first = first
        self.last = max(0, first - 1)
        self.last_time = 0
        self.bytes = 0

    def __len__(self) -> int:
        """Return how many messages there are."""
        return len(self._messages)

    def size(self, message: StoredMessage) -> int:
        """Return how much a message counts."""
        size = len(message.subject) + len(message.headers) + len(message.data)
        if not self._in_file:
            return size + 16
        return size + (34 if message.headers else 30)

    def append(self, message: StoredMessage) -> None:
        """Keep a message, whose number is the next one."""
        self._messages[message.sequence] = message
        self._subjects.setdefault(message.subject, []).append(message.sequence)
        self.bytes += self.size(message)
        self.skip(message.time)

    def skip(self, time: int) -> None:
        """Count a message, kept or not."""
        self.last += 1
        self.last_time = time
        self._settle()

    def remove(self, sequence: int) -> StoredMessage | None:
        """Take a message away, if it is there."""
        message = self._messages.pop(sequence, None)
        if message is None:
            return None
        numbers = self._subjects[message.subject]
        del numbers[bisect_left(numbers, sequence)]
        if not numbers:
            del self._subjects[message.subject]
        self.bytes -= self.size(message)
        self._settle()
        return message

    def find(self, sequence: int) -> StoredMessage | None:
        """Return a message, if it is there."""
        return self._messages.get(sequence)

    def last_of(self, subject: str) -> int:
        """Return the number of the last message of a subject, or of a pattern; 0 for none."""
        exact = self._subjects.get(subject)
        if exact is not None:
            return exact[-1]
        return max((self._subjects[each][-1] for each in self.subjects([subject])), default=0)

    def numbers(self, subject: str) -> list[int]:
        """Return the numbers of the messages of one subject, in order."""
        return self._subjects.get(subject, [])

    def subjects(self, filters: Iterable[str]) -> list[str]:
        """Return the subjects that match any of the patterns; no patterns match all."""
        wanted = list(filters)
        if not wanted:
            return list(self._subjects)
        return [each for each in self._subjects if any(matches(one, each) for one in wanted)]

    def counts(self, filters: Iterable[str]) -> dict[str, int]:
        """Return how many messages each of the subjects has."""
        return {each: len(self._subjects[each]) for each in self.subjects(filters)}

    def count_from(self, sequence: int, filters: Iterable[str]) -> int:
        """Return how many messages match from a number on."""
        found = (self._subjects[each] for each in self.subjects(filters))
        return sum(len(numbers) - bisect_left(numbers, sequence) for numbers in found)

    def lasts(self, filters: Iterable[str]) -> list[int]:
        """Return the number of the last message of each subject, in order."""
        return sorted(self._subjects[each][-1] for each in self.subjects(filters))

    def next(self, sequence: int, filters: tuple[str, ...]) -> StoredMessage | None:
        """Return the first message that matches, from a number on."""
        for number in range(max(sequence, self.first), self.last + 1):
            message = self._messages.get(number)
            if message is None:
                continue
            if not filters or any(matches(each, message.subject) for each in filters):
                return message
        return None

    def from_time(self, moment: int) -> int:
        """Return the number of the first message that is not older than a moment."""
        for message in self:
            if message.time >= moment:
                return message.sequence
        return self.last + 1

    def deleted(self) -> list[int]:
        """Return the numbers between the first and the last that are not there."""
        return [each for each in range(self.first, self.last + 1) if each not in self._messages]

    def __iter__(self) -> Iterator[StoredMessage]:
        """Return the messages in order."""
        return iter(list(self._messages.values()))

    @property
    def oldest(self) -> StoredMessage | None:
        """Return the first message that is there."""
        return self._messages.get(self.first)

    def _settle(self) -> None:
        if not self._messages:
            self.first = self.last + 1
            return
        self.first = max(1, self.first)
        while self.first not in self._messages:
            self.first += 1
