"""Pushing: sending messages to a subject without being asked, as long as somebody listens."""

from __future__ import annotations

from collections.abc import Callable

from fastnfurious.nats.embedded.jetstream.alarm import Alarm
from fastnfurious.nats.embedded.jetstream.consumer_config import ConsumerConfig
from fastnfurious.nats.embedded.jetstream.flow import FlowControl
from fastnfurious.nats.embedded.jetstream.outlet import Outlet
from fastnfurious.nats.embedded.protocol import Publish

__all__ = ["PushTarget"]


class PushTarget:
    """Know whether to send, and keep those who listen assured.

    Args:
        config: Where to send, and with what assurances.
        flow: Whether the client keeps up; ``None`` when it need not say so.
        outlet: Reaches the clients.
        beat: Sends a heartbeat.

    Attributes:
        active: Whether somebody listens.
        flow: Whether the client keeps up.
    """

    def __init__(
        self,
        config: ConsumerConfig,
        flow: FlowControl | None,
        outlet: Outlet,
        beat: Callable[[str], None],
    ) -> None:
        self.flow = flow
        self.active = False
        self._config = config
        self._outlet = outlet
        self._beat = beat
        self._last_sent = outlet.clock()
        self._pulse = Alarm(self._keep_pulse, outlet.clock)

    @property
    def ready(self) -> bool:
        """Return whether to send a message now."""
        return self.active and not (self.flow and self.flow.stalled)

    def start(self) -> None:
        """Begin to keep assured."""
        self._last_sent = self._outlet.clock()
        if self._config.idle_heartbeat:
            self._pulse.set(self._last_sent + self._config.idle_heartbeat)

    def stop(self) -> None:
        """Be silent."""
        self._pulse.cancel()

    def look(self, config: ConsumerConfig) -> bool:
        """See whether somebody listens; return whether that is news."""
        self._config = config
        was, self.active = self.active, self._outlet.listens(config.deliver_subject)
        return was != self.active

    def send(self, message: Publish) -> None:
        """Send a message."""
        self._last_sent = self._outlet.clock()
        self._outlet.deliver(self._config.deliver_subject, message)
        size = sum(len(part) for part in message)
        if self.flow is not None and self.flow.note_sent(size):
            target = self._config.deliver_subject
            self._outlet.tell(target, "100 FlowControl Request", {}, self.flow.asked)

    def _keep_pulse(self) -> None:
        now, pause = self._outlet.clock(), self._config.idle_heartbeat
        if now - self._last_sent >= pause:
            self._last_sent = now
            if self.active:
                self._beat(self._config.deliver_subject)
                self._outlet.flush()
        self._pulse.set(self._last_sent + pause)
