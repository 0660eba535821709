"""Where in its stream a consumer stands: what it has passed, and what is still to come."""

from __future__ import annotations

from collections import deque

from fastnfurious.nats.embedded.jetstream.consumer_config import ConsumerConfig
from fastnfurious.nats.embedded.jetstream.store import MessageStore, StoredMessage
from fastnfurious.nats.embedded.subjects import matches

__all__ = ["Cursor"]


class Cursor:
    """Go through the messages that match, each once.

    Args:
        store: The messages.
        config: Says where to start, and which messages match.
        keeps_one: Whether the stream keeps one message of each subject.

    Attributes:
        next: Number from which on to look for the next message.
        left: How many messages are still to come.
    """

    def __init__(self, store: MessageStore, config: ConsumerConfig, *, keeps_one: bool) -> None:
        self._store = store
        self._filters = config.filters
        self._lasts = deque[int]()
        self._resume = 0
        self.next = self._clamped(self._start(config, keeps_one), config)
        self.left = len(self._lasts) or store.count_from(self.next, self._filters)

    def wants(self, subject: str) -> bool:
        """Return whether messages of a subject match."""
        return not self._filters or any(matches(each, subject) for each in self._filters)

    def peek(self) -> StoredMessage | None:
        """Return the next message."""
        while self._lasts:
            message = self._store.find(self._lasts[0])
            if message is not None:
                return message
            self._lasts.popleft()
        message = self._store.next(self.next, self._filters)
        reached = message.sequence if message else self._store.last + 1
        self.next = max(self.next, reached)
        return message

    def take(self, message: StoredMessage) -> None:
        """Pass the next message."""
        self.left = max(0, self.left - 1)
        self.next = message.sequence + 1
        if self._lasts:
            self._lasts.popleft()
            if not self._lasts:
                self.next = self._resume + 1

    def note_stored(self, message: StoredMessage) -> None:
        """Count a new message."""
        if message.sequence >= self.next and self.wants(message.subject):
            self.left += 1

    def note_removed(self, message: StoredMessage) -> None:
        """Do not count a message that is gone."""
        sequence = message.sequence
        if self._lasts and sequence <= self._resume:
            gone = sequence in self._lasts
            if gone:
                self._lasts.remove(sequence)
        else:
            gone = sequence >= self.next and self.wants(message.subject)
        if gone:
            self.left = max(0, self.left - 1)

    def refilter(self, filters: tuple[str, ...]) -> None:
        """Look for other messages from here on."""
        self._filters = filters
        self.left = self._store.count_from(self.next, filters)

    def _start(self, config: ConsumerConfig, keeps_one: bool) -> int:
        store, policy = self._store, config.deliver_policy
        if policy == "new":
            return store.last + 1
        if policy == "last":
            return max((store.last_of(each) for each in config.filters), default=store.last)
        if policy == "by_start_sequence":
            return config.opt_start_seq
        if policy == "by_start_time":
            return store.from_time(config.start_time())
        if policy == "last_per_subject" and not keeps_one:
            self._lasts.extend(store.lasts(config.filters))
            self._resume = store.last
            return self._lasts[0] if self._lasts else store.last + 1
        return store.first

    def _clamped(self, start: int, config: ConsumerConfig) -> int:
        if not config.opt_start_seq:
            start = min(start, self._store.last + 1)
        return max(start, self._store.first, 1)
