"""What is measured about messages."""

from __future__ import annotations

from functools import cached_property

from fastnfurious.core.instruments import (
    Counting,
    Instruments,
    Measuring,
    Observing,
    SilentInstruments,
)

__all__ = ["NatsInstruments"]


class NatsInstruments:
    """Make each metric when it is first needed.

    Subjects of publications and requests are no labels: they may hold identifiers, of which there
    is no end. The patterns of subscriptions are.

    Args:
        source: Makes the metrics; without one nothing is measured.
    """

    def __init__(self, source: Instruments | None = None) -> None:
        self._source = source or SilentInstruments()

    @cached_property
    def connected(self) -> Measuring:
        """Return whether there is a connection."""
        return self._source.gauge("nats_connected", "Whether NATS is connected.")

    @cached_property
    def lost(self) -> Counting:
        """Return how often the connection was lost."""
        return self._source.counter("nats_connections_lost", "Connections to NATS that were lost.")

    @cached_property
    def refused(self) -> Counting:
        """Return how many publications did not fit into the memory for them."""
        return self._source.counter(
            "nats_publications_refused", "Publications refused because NATS was away too long."
        )

    @cached_property
    def published(self) -> Counting:
        """Return how many messages were published."""
        return self._source.counter("nats_published", "Messages published to NATS.")

    @cached_property
    def requests(self) -> Observing:
        """Return how long requests took, by outcome."""
        return self._source.histogram(
            "nats_request_seconds", "How long requests over NATS took.", ["outcome"]
        )

    @cached_property
    def handled(self) -> Observing:
        """Return how long handlers took, by subscription and outcome."""
        return self._source.histogram(
            "nats_handling_seconds",
            "How long handlers of NATS messages took.",
            ["subject", "outcome"],
        )

    @cached_property
    def dropped(self) -> Counting:
        """Return how many messages were dropped because their handlers were too slow."""
        return self._source.counter(
            "nats_messages_dropped",
            "Messages dropped because too many were waiting for their handler.",
            ["subject"],
        )

    @cached_property
    def pending(self) -> Measuring:
        """Return how many messages of a stream wait for a consumer."""
        return self._source.gauge(
            "nats_consumer_pending",
            "Messages of a stream that wait behind the last one delivered to a consumer.",
            ["stream", "consumer"],
        )

    @cached_property
    def buried(self) -> Counting:
        """Return how many messages were given up, by the reason."""
        return self._source.counter(
            "nats_messages_given_up",
            "Messages of a stream that a consumer has given up.",
            ["stream", "consumer", "reason"],
        )
