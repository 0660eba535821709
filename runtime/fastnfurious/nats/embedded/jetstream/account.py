"""All streams of one server, and what is published to them.

*Source:* https://docs.nats.io/reference/reference-protocols/nats_api_reference
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from fastnfurious.nats.embedded.jetstream.acknowledgement import ACK, Delivery
from fastnfurious.nats.embedded.jetstream.api import API, Api
from fastnfurious.nats.embedded.jetstream.errors import ApiError
from fastnfurious.nats.embedded.jetstream.flow import FLOW
from fastnfurious.nats.embedded.jetstream.outlet import Host, Outlet
from fastnfurious.nats.embedded.jetstream.stream import Stream
from fastnfurious.nats.embedded.protocol import Publish
from fastnfurious.nats.embedded.subjects import matches

__all__ = ["JetStream"]

_MOST_REMEMBERED = 4096


class JetStream:
    """Take what clients publish to streams, and answer their requests.

    Everything is kept in memory. Streams of the storage ``file`` outlast the server's stops, as
    long as the process runs; those of the storage ``memory`` do not.

    Args:
        host: The server.
        clock: Tells the time in nanoseconds.
    """

    def __init__(self, host: Host, clock: Callable[[], int] = time.time_ns) -> None:
        self._outlet = Outlet(host, clock)
        self._streams: dict[str, Stream] = {}
        self._found: dict[str, Stream | None] = {}
        self._api = Api(self._streams, self._outlet, self._found.clear)

    def start(self) -> None:
        """Go on after a stop."""
        for stream in self._streams.values():
            stream.start()

    def stop(self) -> None:
        """Lose what a server loses that is stopped."""
        for stream in self._streams.values():
            stream.stop()
        kept = {name: each for name, each in self._streams.items() if each.config.storage == "file"}
        self._streams.clear()
        self._streams.update(kept)
        self._found.clear()

    def take(self, message: Publish) -> bool:
        """Take a message, if it is for JetStream; return whether it was."""
        subject = message.subject
        if subject.startswith("$JS."):
            if subject.startswith(API):
                return self._api.answer(message)
            if subject.startswith(ACK):
                return self._acknowledge(message)
            if subject.startswith(FLOW):
                return self._note_flow(subject)
        stream = self._stream_of(subject)
        if stream is None:
            return False
        self._publish(stream, message)
        return True

    def keeps(self, subject: str) -> bool:
        """Return whether a stream takes the messages of a subject."""
        return self._stream_of(subject) is not None

    def note_interest(self, pattern: str) -> None:
        """See whether consumers have got, or have lost, their listeners."""
        for stream in self._streams.values():
            for consumer in stream.consumers.values():
                target = consumer.config.deliver_subject
                if target and matches(pattern, target):
                    consumer.note_interest()

    def _stream_of(self, subject: str) -> Stream | None:
        if subject in self._found:
            return self._found[subject]
        found = (
            stream
            for stream in self._streams.values()
            if any(matches(each, subject) for each in stream.config.subjects)
        )
        if len(self._found) >= _MOST_REMEMBERED:
            self._found.clear()
        stream = self._found[subject] = next(found, None)
        return stream

    def _publish(self, stream: Stream, message: Publish) -> None:
        answer: dict[str, Any]
        try:
            answer = stream.publish(message)
        except ApiError as error:
            answer = {"error": error.as_json(), "stream": stream.config.name, "seq": 0}
        if message.reply and not stream.config.no_ack:
            self._outlet.say(message.reply, json.dumps(answer).encode())

    def _acknowledge(self, message: Publish) -> bool:
        delivery = Delivery.parse(message.subject)
        stream = self._streams.get(delivery.stream) if delivery else None
        consumer = stream.consumers.get(delivery.consumer) if stream and delivery else None
        if delivery is None or consumer is None:
            return False
        consumer.acknowledge(delivery, message.reply, message.data)
        return True

    def _note_flow(self, subject: str) -> bool:
        parts = subject.split(".")
        stream = self._streams.get(parts[2]) if len(parts) == 5 else None
        consumer = stream.consumers.get(parts[3]) if stream else None
        if consumer is not None:
            consumer.note_flow(subject)
        return consumer is not None
