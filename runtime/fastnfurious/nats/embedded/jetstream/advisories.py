"""Advisories: what JetStream tells whom it may concern about a consumer.

*Source:* https://docs.nats.io/running-a-nats-service/nats_admin/monitoring/monitoring_jetstream
"""

from __future__ import annotations

import json

from fastnfurious.core.identifiers import new_identifier
from fastnfurious.nats.embedded.jetstream.acknowledgement import Delivery
from fastnfurious.nats.embedded.jetstream.outlet import Outlet
from fastnfurious.nats.embedded.jetstream.timestamps import format_time

__all__ = ["Advisories"]

_PREFIX = "$JS.EVENT.ADVISORY.CONSUMER"


class Advisories:
    """Tell what becomes of the messages of one consumer.

    Args:
        stream: Name of the stream.
        consumer: Name of the consumer.
        outlet: Reaches the clients.
    """

    def __init__(self, stream: str, consumer: str, outlet: Outlet) -> None:
        self._stream = stream
        self._consumer = consumer
        self._outlet = outlet

    def exhausted(self, sequence: int, deliveries: int) -> None:
        """Tell that a message has been delivered as often as it may."""
        self._say("max_deliver", "MAX_DELIVERIES", stream_seq=sequence, deliveries=deliveries)

    def terminated(self, delivery: Delivery, reason: str) -> None:
        """Tell that a message is given up, on the word of who got it."""
        details = {"reason": reason} if reason else {}
        self._say(
            "terminated",
            "MSG_TERMINATED",
            consumer_seq=delivery.delivery,
            stream_seq=delivery.sequence,
            deliveries=delivery.deliveries,
            **details,
        )

    def _say(self, kind: str, subject: str, **details: object) -> None:
        advisory = {
            "type": f"io.nats.jetstream.advisory.v1.{kind}",
            "id": new_identifier(),
            "timestamp": format_time(self._outlet.clock()),
            "stream": self._stream,
            "consumer": self._consumer,
            **details,
        }
        target = f"{_PREFIX}.{subject}.{self._stream}.{self._consumer}"
        self._outlet.say(target, json.dumps(advisory).encode())
