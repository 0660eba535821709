"""A stream: it keeps what is published, within its limits, and lets consumers have it.

*Source:* https://docs.nats.io/nats-concepts/jetstream/streams
"""

from __future__ import annotations

import heapq
from typing import Any

from fastnfurious.nats.embedded.headers import read_headers
from fastnfurious.nats.embedded.jetstream.alarm import Alarm
from fastnfurious.nats.embedded.jetstream.consumer import Consumer
from fastnfurious.nats.embedded.jetstream.duplicates import Duplicates
from fastnfurious.nats.embedded.jetstream.errors import ApiError, Fault
from fastnfurious.nats.embedded.jetstream.expectations import (
    MESSAGE_ID,
    check_headers,
    check_last_id,
    lifetime,
    rollup,
)
from fastnfurious.nats.embedded.jetstream.outlet import Outlet
from fastnfurious.nats.embedded.jetstream.store import MessageStore, StoredMessage
from fastnfurious.nats.embedded.jetstream.stream_config import StreamConfig
from fastnfurious.nats.embedded.jetstream.timestamps import NO_TIME, format_time
from fastnfurious.nats.embedded.protocol import Publish

__all__ = ["Stream"]


class Stream:
    """Keep messages.

    Args:
        config: What to keep, and for how long; completed.
        outlet: Reaches the clients.

    Attributes:
        config: What it keeps, and for how long.
        store: The messages.
        consumers: Its consumers by name.
    """

    def __init__(self, config: StreamConfig, outlet: Outlet) -> None:
        self.config = config
        self.store = MessageStore(in_file=config.storage == "file", first=config.first_seq)
        self.consumers: dict[str, Consumer] = {}
        self._outlet = outlet
        self._clock = outlet.clock
        self.created = self._clock()
        self._duplicates = Duplicates(config.duplicate_window)
        self._expiring: list[tuple[int, int]] = []
        self._expiry = Alarm(self._expire, self._clock)

    def start(self) -> None:
        """Begin to deliver, and to remove what is too old."""
        self._expire()
        for consumer in list(self.consumers.values()):
            consumer.start()

    def stop(self, status: str = "") -> None:
        """Do nothing more; requests that wait are told so with a status."""
        self._expiry.cancel()
        for consumer in self.consumers.values():
            consumer.stop(status)

    def update(self, config: StreamConfig) -> None:
        """Go on with other settings."""
        self.config = config
        self._duplicates.window = config.duplicate_window
        for subject in self.store.subjects(()):
            self._keep_few(subject)
        self._keep_within_limits()
        self._expire()

    def publish(self, message: Publish) -> dict[str, Any]:
        """Keep a message; return the answer for its publisher.

        Raises:
            ApiError: It cannot be kept.
        """
        if self.config.sealed:
            raise ApiError(Fault.SEALED)
        headers = read_headers(message.headers) if message.headers else {}
        if headers:
            check_headers(headers, message.subject, self.config, self.store)
        now, identifier = self._clock(), headers.get(MESSAGE_ID, "")
        known = self._duplicates.find(identifier, now) if identifier else 0
        if known:
            return {"stream": self.config.name, "seq": known, "duplicate": True}
        check_last_id(headers, self._duplicates.last)
        rolled = rollup(headers, self.config)
        self._check_size(message)
        stored = self._store(message, now, lifetime(headers))
        if identifier:
            self._duplicates.add(identifier, stored.sequence, now)
        self._roll_up(rolled, stored)
        return {"stream": self.config.name, "seq": stored.sequence}

    def remove(self, sequence: int) -> bool:
        """Take a message away; return whether it was there."""
        message = self.store.remove(sequence)
        if message is None:
            return False
        for consumer in self.consumers.values():
            consumer.note_removed(message)
        return True

    def purge(self, *, subject: str = "", before: int = 0, keep: int = 0) -> int:
        """Take messages away; return how many.

        Args:
            subject: Pattern of their subjects; empty for all.
            before: Number of the first message to leave alone; 0 for none.
            keep: How many of the last to leave alone.
        """
        filters = (subject,) if subject else ()
        found = [n for each in self.store.subjects(filters) for n in self.store.numbers(each)]
        if before:
            found = [each for each in found if each < before]
        found.sort()
        for sequence in found[: len(found) - keep]:
            self.remove(sequence)
        for consumer in self.consumers.values():
            consumer.note_purged(self.store.first)
        return max(0, len(found) - keep)

    def release(self, sequence: int) -> None:
        """Remove a message that is acknowledged, if the stream keeps only what is needed."""
        if self.config.retention == "workqueue":
            self.remove(sequence)
        elif self.config.retention == "interest":
            message = self.store.find(sequence)
            if message is not None and not self._is_needed(message):
                self.remove(sequence)

    def drop(self, name: str) -> None:
        """Forget a consumer."""
        self.consumers.pop(name).stop("409 Consumer Deleted")
        if self.config.retention == "interest":
            for message in self.store:
                self.release(message.sequence)

    def state(self) -> dict[str, Any]:
        """Return what it keeps, as an answer holds it."""
        store, oldest = self.store, self.store.oldest
        span = max(0, store.last - store.first + 1) if len(store) else 0
        shown: dict[str, Any] = {
            "messages": len(store),
            "bytes": store.bytes,
            "first_seq": store.first,
            "first_ts": format_time(oldest.time) if oldest else NO_TIME,
            "last_seq": store.last,
            "last_ts": format_time(store.last_time) if store.last_time else NO_TIME,
            "num_subjects": len(store.subjects(())),
            "num_deleted": span - len(store),
        }
        optional = ("num_subjects", "num_deleted")
        shown = {name: value for name, value in shown.items() if value or name not in optional}
        return {**shown, "consumer_count": len(self.consumers)}

    def info(self) -> dict[str, Any]:
        """Return what it is, as an answer holds it."""
        return {
            "config": self.config.as_json(),
            "created": format_time(self.created),
            "state": self.state(),
            "ts": format_time(self._clock()),
        }

    def _check_size(self, message: Publish) -> None:
        config, store = self.config, self.store
        size = len(message.headers) + len(message.data)
        if 0 <= config.max_msg_size < size:
            raise ApiError(Fault.MESSAGE_TOO_LARGE)
        if config.discard != "new":
            return
        if config.discard_new_per_subject:
            if len(store.numbers(message.subject)) >= config.max_msgs_per_subject:
                words = "maximum messages per subject exceeded"
                raise ApiError(Fault.STORE_FAILED, words)
        if self._would_replace(message.subject):
            return
        if 0 < config.max_msgs <= len(store):
            raise ApiError(Fault.STORE_FAILED, "maximum messages exceeded")
        added = store.size(StoredMessage(0, message.subject, message.headers, message.data, 0))
        if 0 < config.max_bytes < store.bytes + added:
            raise ApiError(Fault.STORE_FAILED, "maximum bytes exceeded")

    def _would_replace(self, subject: str) -> bool:
        most = self.config.max_msgs_per_subject
        return 0 < most <= len(self.store.numbers(subject))

    def _store(self, message: Publish, now: int, lifetime: int) -> StoredMessage:
        expires = now + lifetime if lifetime > 0 else lifetime
        subject, _, headers, data = message
        stored = StoredMessage(self.store.last + 1, subject, headers, data, now, expires)
        if self.config.retention == "interest" and not self._is_needed(stored):
            self.store.skip(now)
            return stored
        self.store.append(stored)
        self._keep_few(subject)
        self._keep_within_limits()
        if self.store.find(stored.sequence) is None:
            return stored
        self._watch_age(stored)
        for consumer in self.consumers.values():
            consumer.note_stored(stored)
        return stored

    def _watch_age(self, stored: StoredMessage) -> None:
        if stored.expires > 0:
            heapq.heappush(self._expiring, (stored.expires, stored.sequence))
            self._expiry.set(stored.expires)
        if self.config.max_age:
            self._expiry.set(stored.time + self.config.max_age)

    def _is_needed(self, message: StoredMessage) -> bool:
        return any(consumer.needs(message) for consumer in self.consumers.values())

    def _roll_up(self, wanted: str, stored: StoredMessage) -> None:
        if wanted == "all":
            self.purge(before=stored.sequence)
        elif wanted == "sub":
            self.purge(subject=stored.subject, before=stored.sequence)

    def _keep_few(self, subject: str) -> None:
        numbers, most = self.store.numbers(subject), self.config.max_msgs_per_subject
        while 0 < most < len(numbers):
            self.remove(numbers[0])

    def _keep_within_limits(self) -> None:
        config, store = self.config, self.store
        while 0 < config.max_msgs < len(store) or 0 < config.max_bytes < store.bytes:
            self.remove(store.first)

    def _expire(self) -> None:
        now, store = self._clock(), self.store
        while self._expiring and self._expiring[0][0] <= now:
            self.remove(heapq.heappop(self._expiring)[1])
        if self._expiring:
            self._expiry.set(self._expiring[0][0])
        if not self.config.max_age:
            return
        for message in store:
            if message.time + self.config.max_age > now:
                self._expiry.set(message.time + self.config.max_age)
                return
            if message.expires >= 0:
                self.remove(message.sequence)
