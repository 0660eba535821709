"""Requests for messages that wait for them.

*Source:* https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-13.md
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from fastnfurious.nats.embedded.jetstream.consumer_config import ConsumerConfig
from fastnfurious.nats.embedded.jetstream.timestamps import format_duration

__all__ = ["PullRequest", "PullRequests", "Teller"]

Teller = Callable[[str, str, dict[str, object]], None]
"""``tell(subject, status, headers)`` sends a status."""


@dataclass(slots=True)
class PullRequest:
    """Hold a request for messages; moments are in nanoseconds, 0 is never.

    Attributes:
        reply: Where the messages are wanted.
        batch: How many are still wanted.
        max_bytes: How many bytes are still wanted; 0 for any number.
        no_wait: Whether it ends when there are no more messages.
        expires: When it ends in any case.
        heartbeat: How often it is told that it is not forgotten.
        beats: When it is told so next.
        delivered: How many messages it got.
    """

    reply: str
    batch: int = 1
    max_bytes: int = 0
    no_wait: bool = False
    expires: int = 0
    heartbeat: int = 0
    beats: int = 0
    delivered: int = 0

    @classmethod
    def parse(cls, reply: str, data: bytes, now: int) -> Self:
        """Return the request that a payload makes: a number, an object, or nothing for one.

        Raises:
            ValueError: It makes no sense.
        """
        text = data.strip()
        if not text.startswith(b"{"):
            return cls(reply, int(text) if text.isdigit() else 1)
        given = json.loads(text)
        expires, heartbeat = int(given.get("expires") or 0), int(given.get("idle_heartbeat") or 0)
        if 0 < heartbeat and heartbeat * 2 > expires:
            raise ValueError("heartbeat value too large")
        return cls(
            reply,
            int(given.get("batch") or 1),
            int(given.get("max_bytes") or 0),
            given.get("no_wait") is True,
            now + expires if expires else 0,
            heartbeat,
            now + heartbeat if heartbeat else 0,
        )

    @property
    def left(self) -> dict[str, object]:
        """Return what is still wanted, as the last status tells it."""
        return {"Nats-Pending-Messages": self.batch, "Nats-Pending-Bytes": self.max_bytes}


class PullRequests:
    """Keep requests until they have got what they want; each in turn gets one message.

    Args:
        tell: Sends a status.
        beat: Sends a heartbeat.
        listens: Returns whether anybody listens to a subject.
        clock: Tells the time in nanoseconds.
    """

    def __init__(
        self,
        *,
        tell: Teller,
        beat: Callable[[str], None],
        listens: Callable[[str], bool],
        clock: Callable[[], int],
    ) -> None:
        self._tell = tell
        self._beat = beat
        self._listens = listens
        self._clock = clock
        self._waiting: deque[PullRequest] = deque()

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    @property
    def wanted(self) -> int:
        """Return how many messages are wanted in all."""
        return sum(request.batch for request in self._waiting)

    def refusal(self, request: PullRequest, config: ConsumerConfig, there: int) -> str:
        """Return the status with which a request is refused; empty when it is not.

        Args:
            request: The request.
            config: What the consumer allows.
            there: How many messages are there to be had.
        """
        if config.pushes:
            return "409 Consumer is push based"
        if 0 < config.max_batch < request.batch:
            return f"409 Exceeded MaxRequestBatch of {config.max_batch}"
        if 0 < config.max_expires < request.expires - self._clock():
            return f"409 Exceeded MaxRequestExpires of {format_duration(config.max_expires)}"
        if 0 < config.max_bytes < request.max_bytes:
            return f"409 Exceeded MaxRequestMaxBytes of {config.max_bytes}"
        if request.no_wait and not there and not request.expires:
            return "404 No Messages"
        self.review(at_end=False)
        if request.no_wait and 0 < there < self.wanted:
            return "408 Requests Pending"
        too_many = len(self) >= config.max_waiting
        return "409 Exceeded MaxWaiting" if too_many else ""

    def add(self, request: PullRequest) -> None:
        """Let a request wait."""
        self._waiting.append(request)

    def take(self, size: int) -> PullRequest | None:
        """Return the request that gets a message of so many bytes, if there is one."""
        now = self._clock()
        while self._waiting:
            request = self._waiting.popleft()
            if request.expires and request.expires <= now:
                self._tell(request.reply, "408 Request Timeout", request.left)
            elif not self._listens(request.reply):
                continue
            elif request.max_bytes and size > request.max_bytes:
                self._tell(request.reply, "409 Message Size Exceeds MaxBytes", request.left)
            else:
                self._give(request, size, now)
                return request
        return None

    def complete(self, request: PullRequest) -> None:
        """Tell a request that it has got everything but bytes."""
        if request.batch <= 0 < request.max_bytes:
            self._tell(request.reply, "409 Batch Completed", request.left)

    def review(self, *, at_end: bool) -> int:
        """End the requests that are over; return the moment to look again, 0 for none.

        Args:
            at_end: Whether there are no more messages.
        """
        now, moments = self._clock(), list[int]()
        for request in list(self._waiting):
            if self._is_over(request, now, at_end):
                self._waiting.remove(request)
                continue
            if request.beats and request.beats <= now:
                self._beat(request.reply)
                request.beats = now + request.heartbeat
            moments += [each for each in (request.expires, request.beats) if each]
        return min(moments, default=0)

    def end(self, status: str) -> None:
        """End all requests."""
        while self._waiting:
            request = self._waiting.popleft()
            self._tell(request.reply, status, request.left)

    def _give(self, request: PullRequest, size: int, now: int) -> None:
        request.batch -= 1
        request.delivered += 1
        if request.max_bytes:
            request.max_bytes -= size
            if not request.max_bytes:
                request.batch = 0
        if request.batch > 0:
            if request.heartbeat:
                request.beats = now + request.heartbeat
            self._waiting.append(request)

    def _is_over(self, request: PullRequest, now: int, at_end: bool) -> bool:
        if request.expires and request.expires <= now:
            self._tell(request.reply, "408 Request Timeout", request.left)
            return True
        if at_end and request.no_wait and (not request.expires or request.delivered):
            self._tell(request.reply, "404 No Messages", {})
            return True
        return not self._listens(request.reply)
