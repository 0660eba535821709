"""Interest: which subscriptions a message reaches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from fastnfurious.nats.embedded.subjects import has_wildcard, matches

__all__ = ["Interest", "Receiver", "ServerSubscription"]

_MOST_REMEMBERED = 4096


class Receiver(Protocol):
    """A connection, as far as interest knows it."""

    @property
    def echo(self) -> bool:
        """Return whether it gets what it publishes itself."""
        ...


@dataclass(eq=False, slots=True)
class ServerSubscription:
    """Hold what one client asked for.

    Attributes:
        receiver: Connection of the client.
        sid: Its name for the subscription.
        pattern: Subject, with or without wildcards.
        queue: Group in which one member gets each message; empty for none.
        limit: How many messages it wants in all; 0 for no limit.
        delivered: How many it got.
    """

    receiver: Receiver
    sid: str
    pattern: str
    queue: str = ""
    limit: int = 0
    delivered: int = field(default=0)


class Interest:
    """Know all subscriptions, and find those for a subject.

    Args:
        choose: Takes one member of a queue group.

    Attributes:
        changed: Called with each pattern that is added or discarded.
    """

    def __init__(self, choose: Callable[[list[ServerSubscription]], ServerSubscription]) -> None:
        self.changed: Callable[[str], None] = lambda pattern: None
        self._choose = choose
        self._exact: dict[str, list[ServerSubscription]] = {}
        self._wild: list[ServerSubscription] = []
        self._found: dict[str, list[ServerSubscription]] = {}

    def has(self, subject: str) -> bool:
        """Return whether anybody gets messages to a subject."""
        found = self._found.get(subject)
        return bool(self._search(subject) if found is None else found)

    def add(self, subscription: ServerSubscription) -> None:
        """Add a subscription."""
        self._found.clear()
        if has_wildcard(subscription.pattern):
            self._wild.append(subscription)
        else:
            self._exact.setdefault(subscription.pattern, []).append(subscription)
        self.changed(subscription.pattern)

    def discard(self, subscription: ServerSubscription) -> None:
        """Remove a subscription, if it is there."""
        self._found.clear()
        if has_wildcard(subscription.pattern):
            _discard(self._wild, subscription)
        else:
            self._discard_exact(subscription)
        self.changed(subscription.pattern)

    def match(self, subject: str, sender: Receiver | None = None) -> list[ServerSubscription]:
        """Return who gets a message: every plain subscription, and one of each queue group."""
        found = self._found.get(subject)
        if found is None:
            found = self._search(subject)
        if sender is not None and not sender.echo:
            found = [each for each in found if each.receiver is not sender]
        if not any(each.queue for each in found):
            return found
        return self._one_of_each_group(found)

    def _discard_exact(self, subscription: ServerSubscription) -> None:
        same = self._exact.get(subscription.pattern, [])
        _discard(same, subscription)
        if not same:
            self._exact.pop(subscription.pattern, None)

    def _search(self, subject: str) -> list[ServerSubscription]:
        wild = (each for each in self._wild if matches(each.pattern, subject))
        found = [*self._exact.get(subject, ()), *wild]
        if len(self._found) >= _MOST_REMEMBERED:
            self._found.clear()
        self._found[subject] = found
        return found

    def _one_of_each_group(self, found: Iterable[ServerSubscription]) -> list[ServerSubscription]:
        chosen, groups = list[ServerSubscription](), dict[str, list[ServerSubscription]]()
        for each in found:
            if each.queue:
                groups.setdefault(each.queue, []).append(each)
            else:
                chosen.append(each)
        return chosen + [self._choose(members) for members in groups.values()]


def _discard(members: list[ServerSubscription], subscription: ServerSubscription) -> None:
    if subscription in members:
        members.remove(subscription)
