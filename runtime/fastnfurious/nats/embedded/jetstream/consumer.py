"""A consumer: it takes messages to those who want them, until they are acknowledged.

*Source:* https://docs.nats.io/nats-concepts/jetstream/consumers
"""

from __future__ import annotations

import asyncio
from typing import Any

from fastnfurious.nats.embedded.headers import add_headers
from fastnfurious.nats.embedded.jetstream.acknowledgement import (
    Acknowledgement,
    Delivery,
    Verdict,
)
from fastnfurious.nats.embedded.jetstream.advisories import Advisories
from fastnfurious.nats.embedded.jetstream.alarm import Alarm
from fastnfurious.nats.embedded.jetstream.consumer_config import ConsumerConfig
from fastnfurious.nats.embedded.jetstream.cursor import Cursor
from fastnfurious.nats.embedded.jetstream.flow import FlowControl
from fastnfurious.nats.embedded.jetstream.outlet import Outlet
from fastnfurious.nats.embedded.jetstream.pulls import PullRequest, PullRequests
from fastnfurious.nats.embedded.jetstream.push import PushTarget
from fastnfurious.nats.embedded.jetstream.source import Source
from fastnfurious.nats.embedded.jetstream.store import StoredMessage
from fastnfurious.nats.embedded.jetstream.timestamps import format_time
from fastnfurious.nats.embedded.jetstream.unacknowledged import Floor, Unacknowledged
from fastnfurious.nats.embedded.protocol import Publish

__all__ = ["Consumer"]

_AT_ONCE = 100


class Consumer:
    """Deliver the messages of a stream.

    Args:
        source: The stream.
        name: What it is called; its settings need not say so.
        config: What to deliver, and how; completed.
        outlet: Reaches the clients.
    """

    def __init__(self, source: Source, name: str, config: ConsumerConfig, outlet: Outlet) -> None:
        self.name = name
        self.config = config
        self._source = source
        self._outlet = outlet
        self._clock = outlet.clock
        self.created = self._clock()
        keeps_one = source.config.max_msgs_per_subject == 1
        self.cursor = Cursor(source.store, config, keeps_one=keeps_one)
        self.unacknowledged = Unacknowledged(self.cursor.next - 1)
        self._delivered = Floor(0, self.cursor.next - 1)
        self._pulls = PullRequests(
            tell=outlet.tell, beat=self._beat, listens=outlet.listens, clock=self._clock
        )
        flow = FlowControl(source.config.name, name) if config.flow_control else None
        self._push = PushTarget(config, flow, outlet, self._beat) if config.pushes else None
        self._advisories = Advisories(source.config.name, name, outlet)
        self._awake: asyncio.Handle | None = None
        self._overdue = Alarm(self._redeliver, self._clock)
        self._waiting = Alarm(self.wake, self._clock)
        self._idle = Alarm(self._look_idle, self._clock)
        self._last_used = self.created
        self._last_delivered = self._last_acknowledged = 0

    def start(self) -> None:
        """Begin to deliver."""
        if self._push is not None:
            self._push.start()
        self.note_interest()
        self._await_idleness()
        self._set_overdue()
        self.wake()

    def stop(self, status: str = "") -> None:
        """Deliver nothing more; requests that wait are told so with a status."""
        for alarm in (self._overdue, self._waiting, self._idle):
            alarm.cancel()
        if self._push is not None:
            self._push.stop()
        if self._awake is not None:
            self._awake.cancel()
            self._awake = None
        if status:
            self._pulls.end(status)

    def update(self, config: ConsumerConfig) -> None:
        """Go on with other settings."""
        filters, self.config = self.config.filters, config
        if config.filters != filters:
            self.cursor.refilter(config.filters)
        self.note_interest()
        self.wake()

    def wake(self) -> None:
        """Deliver soon what can be delivered."""
        if self._awake is None:
            self._awake = asyncio.get_running_loop().call_soon(self._work)

    def note_interest(self) -> None:
        """See whether anybody listens where messages are pushed to."""
        if self._push is None or not self._push.look(self.config):
            return
        if self._push.active:
            self.wake()
        else:
            self._await_idleness()

    def note_stored(self, message: StoredMessage) -> None:
        """Deliver a new message, if it matches."""
        self.cursor.note_stored(message)
        if self.cursor.wants(message.subject):
            self.wake()

    def note_removed(self, message: StoredMessage) -> None:
        """Forget a message that is gone."""
        self.cursor.note_removed(message)
        self.unacknowledged.settle(message.sequence, delivered=self._delivered)
        self.unacknowledged.redelivered.pop(message.sequence, None)

    def note_purged(self, first: int) -> None:
        """Go on with the first message that is left."""
        self.cursor.next = max(self.cursor.next, first)
        if not self.unacknowledged:
            self.unacknowledged.floor = self._delivered

    def needs(self, message: StoredMessage) -> bool:
        """Return whether a message is still to be delivered or acknowledged."""
        if not self.cursor.wants(message.subject):
            return False
        sequence, known = message.sequence, self.unacknowledged
        if sequence in known.redelivered:
            return True
        if self.config.ack_policy != "explicit":
            return sequence > known.floor.sequence
        return sequence >= self.cursor.next or sequence in known

    def pull(self, reply: str, data: bytes) -> None:
        """Take a request for messages."""
        try:
            request = PullRequest.parse(reply, data, self._clock())
        except (ValueError, TypeError, AttributeError) as error:
            self._outlet.tell(reply, f"400 Bad Request - {error}", {})
            return
        there = self.cursor.left + len(self.unacknowledged.again)
        refusal = self._pulls.refusal(request, self.config, there)
        if refusal:
            self._outlet.tell(reply, refusal, {})
            return
        self._last_used = self._clock()
        self._pulls.add(request)
        self.wake()

    def acknowledge(self, delivery: Delivery, reply: str, data: bytes) -> None:
        """Take what was said about a message; confirm it, if that is wanted."""
        said = Acknowledgement.parse(data)
        self._last_used = self._clock()
        if said.verdict in (Verdict.DONE, Verdict.NEXT):
            self._settle(delivery)
        elif said.verdict is Verdict.AGAIN:
            self._demand(delivery, said.delay)
        elif said.verdict is Verdict.NEVER:
            self._terminate(delivery, said.rest.decode(errors="replace"))
        elif said.verdict is Verdict.WORKING:
            self.unacknowledged.postpone(delivery.sequence, self._deadline(delivery.sequence))
        if said.verdict is Verdict.NEXT:
            self.pull(reply, said.rest)
        elif reply:
            self._outlet.say(reply)

    def note_flow(self, subject: str) -> None:
        """Go on when the client has kept up."""
        flow = self._push.flow if self._push else None
        if flow is not None and flow.note_answer(subject):
            self.wake()

    def info(self) -> dict[str, Any]:
        """Return how far it has got, as an answer holds it."""
        delivered, floor = self._delivered, self.unacknowledged.floor
        once = self.config.max_deliver == 1
        return {
            "stream_name": self._source.config.name,
            "name": self.name,
            "created": format_time(self.created),
            "config": self.config.as_json(),
            "delivered": _sequences(delivered, self._last_delivered),
            "ack_floor": _sequences(floor, self._last_acknowledged),
            "num_ack_pending": len(self.unacknowledged),
            "num_redelivered": 0 if once else len(self.unacknowledged.redelivered),
            "num_waiting": len(self._pulls),
            "num_pending": self.cursor.left,
            "ts": format_time(self._clock()),
            **({"push_bound": True} if self._push and self._push.active else {}),
        }

    def _work(self) -> None:
        self._awake = None
        for _ in range(_AT_ONCE):
            if not self._deliver_next():
                break
        else:
            self.wake()
        self._outlet.flush()

    def _deliver_next(self) -> bool:
        if not self._can_deliver():
            return False
        message = self._find_again() or self._find_new()
        if message is None:
            self._review(at_end=not self._full)
            return False
        return self._send(message)

    def _can_deliver(self) -> bool:
        return self._push.ready if self._push else len(self._pulls) > 0

    @property
    def _full(self) -> bool:
        return 0 < self.config.max_ack_pending <= len(self.unacknowledged)

    def _review(self, *, at_end: bool) -> None:
        moment = self._pulls.review(at_end=at_end)
        if moment:
            self._waiting.set(moment)

    def _find_new(self) -> StoredMessage | None:
        return None if self._full else self.cursor.peek()

    def _find_again(self) -> StoredMessage | None:
        """Return the next message to deliver again; give up those that were delivered enough."""
        while sequence := self.unacknowledged.first_again():
            message = self._source.store.find(sequence)
            if message is not None and not self._is_exhausted(self._count(sequence) + 1):
                return message
            self._give_up(sequence)
        return None

    def _count(self, sequence: int) -> int:
        """Return how often a message has been delivered."""
        return self.unacknowledged.redelivered.get(sequence, 0) + 1

    def _is_exhausted(self, deliveries: int) -> bool:
        return 0 < self.config.max_deliver < deliveries

    def _give_up(self, sequence: int) -> None:
        count = self._count(sequence)
        if not self.unacknowledged.settle(sequence, delivered=self._delivered):
            return
        self.unacknowledged.redelivered[sequence] = count
        self._advisories.exhausted(sequence, count)

    def _send(self, message: StoredMessage) -> bool:
        sequence, known = message.sequence, self.unacknowledged
        again = sequence == known.first_again()
        count = self._count(sequence) + 1 if again else 1
        left = self.cursor.left if again else max(0, self.cursor.left - 1)
        delivery = Delivery(
            self._source.config.name,
            self.name,
            count,
            sequence,
            self._delivered.delivery + 1,
            message.time,
            left,
        )
        headers, data = message.headers, message.data
        if self.config.headers_only:
            headers, data = add_headers(headers, {"Nats-Msg-Size": len(data)}), b""
        shown = Publish(message.subject, delivery.subject, headers, data)
        return self._hand_over(message, shown, again=again)

    def _hand_over(self, message: StoredMessage, shown: Publish, *, again: bool) -> bool:
        """Send a message to who is next; return whether there is somebody."""
        request = None if self._push else self._pulls.take(sum(len(part) for part in shown))
        if self._push is None and request is None:
            return False
        self._pass(message, again=again)
        if self._push is not None:
            self._push.send(shown)
        elif request is not None:
            self._outlet.deliver(request.reply, shown)
            self._pulls.complete(request)
        self._last_delivered = self._last_used = self._clock()
        if self.config.ack_policy == "none":
            self._source.release(message.sequence)
        return True

    def _pass(self, message: StoredMessage, *, again: bool) -> None:
        known, sequence = self.unacknowledged, message.sequence
        furthest = max(self._delivered.sequence, sequence)
        self._delivered = Floor(self._delivered.delivery + 1, furthest)
        if again:
            known.withdraw(sequence)
            known.redelivered[sequence] = known.redelivered.get(sequence, 0) + 1
        else:
            self.cursor.take(message)
        if self.config.ack_policy == "none":
            known.floor = Floor(self._delivered.delivery, sequence)
            return
        deadline = self._deadline(sequence)
        known.track(sequence, self._delivered.delivery, deadline)
        self._overdue.set(deadline)

    def _deadline(self, sequence: int) -> int:
        redeliveries = self.unacknowledged.redelivered.get(sequence, 0)
        return self._clock() + self.config.wait_after(redeliveries)

    def _settle(self, delivery: Delivery) -> None:
        known, sequence = self.unacknowledged, delivery.sequence
        if sequence >= self.cursor.next or self.config.ack_policy == "none":
            return
        was_full = self._full
        if self.config.ack_policy == "explicit":
            known.settle(sequence, delivered=self._delivered)
            settled = [sequence]
        else:
            settled = known.settle_up_to(sequence, delivery.delivery)
        self._last_acknowledged = self._clock()
        for each in settled:
            known.redelivered.pop(each, None)
            self._source.release(each)
        if was_full:
            self.wake()

    def _demand(self, delivery: Delivery, delay: int) -> None:
        if not delay:
            self.unacknowledged.demand(delivery.sequence)
            self.wake()
            return
        moment = self._clock() + delay
        self.unacknowledged.withdraw(delivery.sequence)
        if self.unacknowledged.postpone(delivery.sequence, moment):
            self._overdue.set(moment)

    def _terminate(self, delivery: Delivery, reason: str) -> None:
        self._settle(delivery)
        self._advisories.terminated(delivery, reason)

    def _redeliver(self) -> None:
        for sequence in self.unacknowledged.overdue(self._clock()):
            # nats-server finds the others exhausted when they are asked for again
            if self.config.max_deliver == 1:
                self._give_up(sequence)
            else:
                self.unacknowledged.demand(sequence)
        self._set_overdue()
        self.wake()

    def _set_overdue(self) -> None:
        moment = self.unacknowledged.next_deadline()
        if moment:
            self._overdue.set(moment)

    def _beat(self, subject: str) -> None:
        delivered = self._delivered
        headers: dict[str, object] = {
            "Nats-Last-Consumer": delivered.delivery,
            "Nats-Last-Stream": delivered.sequence,
        }
        flow = self._push.flow if self._push else None
        if flow is not None and flow.asked:
            headers["Nats-Consumer-Stalled"] = flow.asked
        self._outlet.tell(subject, "100 Idle Heartbeat", headers)

    def _await_idleness(self) -> None:
        self._last_used = self._clock()
        if self.config.inactive_threshold:
            self._idle.set(self._last_used + self.config.inactive_threshold)

    def _look_idle(self) -> None:
        """Go away when nobody has used it for long enough."""
        now, threshold = self._clock(), self.config.inactive_threshold
        if self._push.active if self._push else self._pulls_wait():
            self._idle.set(now + threshold)
            return
        moment = max(self._last_used, self.unacknowledged.last_deadline()) + threshold
        if moment > now:
            self._idle.set(moment)
        else:
            self._source.drop(self.name)

    def _pulls_wait(self) -> bool:
        self._pulls.review(at_end=False)
        return len(self._pulls) > 0


def _sequences(reached: Floor, moment: int) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "consumer_seq": reached.delivery,
        "stream_seq": reached.sequence,
    }
    return {**shown, "last_active": format_time(moment)} if moment else shown
