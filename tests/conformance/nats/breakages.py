"""Ways in which the embedded server could be wrong, put in on purpose.

The suite is run with one of them, named by ``BREAK_NATS``, to see that it notices.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from fastnfurious.nats.embedded import interest
from fastnfurious.nats.embedded.connection import Connection
from fastnfurious.nats.embedded.jetstream.consumer import Consumer
from fastnfurious.nats.embedded.jetstream.consumer_config import ConsumerConfig
from fastnfurious.nats.embedded.jetstream.duplicates import Duplicates
from fastnfurious.nats.embedded.protocol import Subscribe
from fastnfurious.nats.embedded.server import EmbeddedServer

__all__ = ["BREAKAGES"]


def ignore_queue_groups() -> None:
    """Give every member of a group every message."""
    subscribe = Connection._subscribe

    def broken(self: Connection, command: Subscribe) -> None:
        subscribe(self, command._replace(queue=""))

    Connection._subscribe = broken  # type: ignore[method-assign]


def let_everyone_in() -> None:
    """Take any password."""
    EmbeddedServer.admits = lambda self, options: True  # type: ignore[method-assign]


def match_like_a_glob() -> None:
    """Let ``>`` stand for nothing, too."""
    names = vars(interest)
    matches = names["matches"]

    def broken(pattern: str, subject: str) -> bool:
        return bool(matches(pattern, subject) or matches(pattern, f"{subject}.x"))

    names["matches"] = broken


def say_nothing_of_nobody() -> None:
    """Let requests to nobody wait."""
    Connection.wants_no_responders = property(  # type: ignore[assignment]
        lambda self: False, lambda self, value: None
    )


def forget_ids() -> None:
    """Keep messages that were published before."""
    Duplicates.find = lambda self, identifier, now: 0  # type: ignore[method-assign]


def forget_acknowledgements() -> None:
    """Deliver again what has been done."""
    Consumer._settle = lambda self, delivery: None  # type: ignore[method-assign]


def deliver_what_nobody_wants() -> None:
    """Give a consumer every message."""
    ConsumerConfig.filters = ()  # type: ignore[assignment]


BREAKAGES: dict[str, Callable[[], Any]] = {
    each.__name__: each
    for each in (
        ignore_queue_groups,
        let_everyone_in,
        match_like_a_glob,
        say_nothing_of_nobody,
        forget_ids,
        forget_acknowledgements,
        deliver_what_nobody_wants,
    )
}

if "BREAK_NATS" in os.environ:
    BREAKAGES[os.environ["BREAK_NATS"]]()
