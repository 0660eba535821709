"""What a consumer is given, and how: read, checked and completed as nats-server does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from fastnfurious.nats.embedded.jetstream.errors import ApiError, Fault, not_here
from fastnfurious.nats.embedded.jetstream.shape import read_shape
from fastnfurious.nats.embedded.jetstream.stream_config import StreamConfig, is_name
from fastnfurious.nats.embedded.jetstream.timestamps import SECOND, format_duration, parse_time
from fastnfurious.nats.embedded.subjects import covers, has_wildcard, is_pattern, overlap

__all__ = ["ConsumerConfig"]

_CHOICES = {
    "deliver_policy": (
        "all",
        "last",
        "new",
        "by_start_sequence",
        "by_start_time",
        "last_per_subject",
    ),
    "ack_policy": ("none", "all", "explicit"),
    "replay_policy": ("instant", "original"),
}
_ALWAYS_SHOWN = {"deliver_policy", "ack_policy", "max_deliver", "replay_policy", "num_replicas"}
_HIDDEN = {"priority_groups", "priority_policy", "pause_until", "direct", "priority_timeout"}
_FIXED = {
    "deliver_policy": "deliver policy",
    "mem_storage": "storage type",
    "opt_start_seq": "start sequence",
    "opt_start_time": "start time",
    "ack_policy": "ack policy",
    "replay_policy": "replay policy",
    "idle_heartbeat": "heart beats",
    "flow_control": "flow control",
}
_NOT_NEGATIVE = (
    "max_waiting",
    "max_batch",
    "max_expires",
    "max_bytes",
    "idle_heartbeat",
    "inactive_threshold",
)
_ACK_WAIT = 30 * SECOND
_MAX_ACK_PENDING = 1000
_MAX_WAITING = 512
_EPHEMERAL = 5 * SECOND


@dataclass(frozen=True, slots=True)
class ConsumerConfig:
    """Hold the settings of a consumer; times are in nanoseconds."""

    durable_name: str = ""
    name: str = ""
    description: str = ""
    deliver_policy: str = "all"
    opt_start_seq: int = 0
    opt_start_time: str = ""
    ack_policy: str = "none"
    ack_wait: int = 0
    max_deliver: int = -1
    backoff: tuple[int, ...] = ()
    filter_subject: str = ""
    filter_subjects: tuple[str, ...] = ()
    replay_policy: str = "instant"
    rate_limit_bps: int = 0
    sample_freq: str = ""
    max_waiting: int = 0
    max_ack_pending: int = 0
    flow_control: bool = False
    headers_only: bool = False
    max_batch: int = 0
    max_expires: int = 0
    max_bytes: int = 0
    deliver_subject: str = ""
    deliver_group: str = ""
    idle_heartbeat: int = 0
    inactive_threshold: int = 0
    num_replicas: int = 0
    mem_storage: bool = False
    metadata: dict[str, str] = field(default_factory=dict)
    direct: bool = False
    pause_until: str = ""
    priority_groups: tuple[str, ...] = ()
    priority_policy: str = ""
    priority_timeout: int = 0

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> ConsumerConfig:
        """Return the settings that a request asks for.

        Raises:
            ApiError: They are not of their types.
        """
        return read_shape(cls, given, _CHOICES)

    @property
    def filters(self) -> tuple[str, ...]:
        """Return the patterns of the messages that are wanted; none for all."""
        return (self.filter_subject,) if self.filter_subject else self.filter_subjects

    @property
    def pushes(self) -> bool:
        """Return whether messages are sent without being asked for."""
        return bool(self.deliver_subject)

    def wait_after(self, redeliveries: int) -> int:
        """Return how long an acknowledgement may take, in nanoseconds."""
        if not self.backoff:
            return self.ack_wait
        return self.backoff[min(redeliveries, len(self.backoff) - 1)]

    def as_json(self) -> dict[str, Any]:
        """Return the settings as an answer holds them."""
        shown = {name: value for name, value in asdict(self).items() if name not in _HIDDEN}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in shown.items()
            if value or name in _ALWAYS_SHOWN
        }

    def completed(self, stream: StreamConfig) -> ConsumerConfig:
        """Return the settings with everything that was left open.

        Raises:
            ApiError: They make no sense for the stream, or need a real server.
        """
        self._check_names()
        self._decline(stream)
        config = self._with_defaults(stream)
        config._check_acknowledging(stream)
        if config.pushes:
            config._check_pushing(stream)
        else:
            config._check_pulling(stream)
        config._check_filters()
        config._check_start()
        if config.flow_control and not config.idle_heartbeat:
            raise ApiError(Fault.FLOW_NEEDS_HEARTBEAT)
        return config

    def check_update(self, new: ConsumerConfig) -> None:
        """Check that a consumer of these settings can take on new ones.

        Raises:
            ApiError: It cannot.
        """
        for name, words in _FIXED.items():
            if getattr(self, name) != getattr(new, name):
                raise ApiError(Fault.CONSUMER_CREATE, f"{words} can not be updated")
        if new.pushes and not self.pushes:
            words = "can not update pull consumer to push based"
            raise ApiError(Fault.CONSUMER_CREATE, words)
        if self.pushes and not new.pushes:
            words = "can not update push consumer to pull based"
            raise ApiError(Fault.CONSUMER_CREATE, words)
        if new.max_waiting != self.max_waiting:
            raise ApiError(Fault.CONSUMER_CREATE, "max waiting can not be updated")

    def _check_names(self) -> None:
        for text, kind in ((self.name, "name"), (self.durable_name, "durable name")):
            if text and not is_name(text):
                words = f"consumer {kind} can not contain '.', '*', '>', '\\', '/'"
                raise ApiError(Fault.STREAM_INVALID, words)

    def _decline(self, stream: StreamConfig) -> None:
        if self.num_replicas < 0:
            raise ApiError(Fault.NEGATIVE_REPLICAS)
        if self.num_replicas > stream.num_replicas:
            raise ApiError(Fault.REPLICAS)
        if self.replay_policy == "original":
            raise not_here("replay at the original pace", Fault.CONSUMER_CREATE)
        if self.priority_policy not in ("", "none") or self.priority_groups:
            raise not_here("priority groups", Fault.CONSUMER_CREATE)
        if self.pause_until:
            raise not_here("paused consumers", Fault.CONSUMER_CREATE)
        if self.rate_limit_bps and self.pushes:
            raise not_here("rate limits", Fault.CONSUMER_CREATE)

    def _with_defaults(self, stream: StreamConfig) -> ConsumerConfig:
        acknowledges = self.ack_policy != "none"
        limits = stream.consumer_limits
        pending = self.max_ack_pending or int(limits.get("max_ack_pending", 0))
        wait = self.ack_wait or (_ACK_WAIT if acknowledges else 0)
        durable = self.durable_name
        values = {name: max(0, getattr(self, name)) for name in _NOT_NEGATIVE}
        idle = values["inactive_threshold"] or int(limits.get("inactive_threshold", 0))
        values["inactive_threshold"] = idle or (0 if durable else _EPHEMERAL)
        if not self.pushes:
            values["max_waiting"] = values["max_waiting"] or _MAX_WAITING
        return replace(
            self,
            name=self.name or durable,
            max_deliver=self.max_deliver if self.max_deliver > 0 else -1,
            ack_wait=self.backoff[0] if self.backoff else wait,
            max_ack_pending=max(-1, pending) or (_MAX_ACK_PENDING if acknowledges else 0),
            **values,
        )

    def _check_acknowledging(self, stream: StreamConfig) -> None:
        if any(each < 0 for each in self.backoff):
            raise ApiError(Fault.NEGATIVE_BACKOFF)
        if self.ack_wait < 0:
            raise ApiError(Fault.NEGATIVE_ACK_WAIT)
        if self.max_deliver != -1 and len(self.backoff) > self.max_deliver:
            raise ApiError(Fault.FEW_DELIVERIES)
        limits = stream.consumer_limits
        most, longest = limits.get("max_ack_pending", 0), limits.get("inactive_threshold", 0)
        if 0 < most < self.max_ack_pending:
            raise ApiError(Fault.TOO_MANY_PENDING, most)
        if 0 < longest < self.inactive_threshold:
            raise ApiError(Fault.LONG_THRESHOLD, format_duration(longest))

    def _check_pushing(self, stream: StreamConfig) -> None:
        if has_wildcard(self.deliver_subject):
            raise ApiError(Fault.DELIVER_WILDCARDS)
        if any(overlap(each, self.deliver_subject) for each in stream.subjects):
            raise ApiError(Fault.DELIVER_CYCLE)
        if self.max_waiting:
            raise ApiError(Fault.PUSH_MAX_WAITING)
        if self.max_ack_pending > 0 and self.ack_policy == "none":
            raise ApiError(Fault.MAX_PENDING_NEEDS_ACK)
        if 0 < self.idle_heartbeat < SECOND // 10:
            raise ApiError(Fault.SMALL_HEARTBEAT)

    def _check_pulling(self, stream: StreamConfig) -> None:
        if self.ack_policy == "none" and stream.retention == "workqueue":
            raise ApiError(Fault.PULL_NEEDS_ACK)
        if self.rate_limit_bps:
            raise ApiError(Fault.PULL_RATE_LIMIT)
        if self.idle_heartbeat:
            raise ApiError(Fault.HEARTBEAT_NEEDS_PUSH)
        if self.flow_control:
            raise ApiError(Fault.FLOW_NEEDS_PUSH)
        if 0 < self.max_expires < SECOND // 1000:
            raise ApiError(Fault.SMALL_EXPIRES)

    def _check_filters(self) -> None:
        if self.filter_subject and self.filter_subjects:
            raise ApiError(Fault.TWO_FILTERS)
        if "" in self.filter_subjects:
            raise ApiError(Fault.EMPTY_FILTER)
        if not all(is_pattern(each) for each in self.filters):
            raise ApiError(Fault.STREAM_INVALID, "invalid subject")
        for index, each in enumerate(self.filters):
            others = self.filters[:index] + self.filters[index + 1 :]
            if any(covers(other, each) for other in others):
                raise ApiError(Fault.FILTERS_OVERLAP)

    def _check_start(self) -> None:
        words = self.deliver_policy.replace("_", " ")
        if self.opt_start_seq and self.deliver_policy != "by_start_sequence":
            raise _start_error(words, "start sequence is also")
        if self.opt_start_time and self.deliver_policy != "by_start_time":
            raise _start_error(words, "start time is also")
        if self.deliver_policy == "by_start_sequence" and not self.opt_start_seq:
            raise _start_error(words, "start sequence is not")
        if self.deliver_policy == "by_start_time" and not self.opt_start_time:
            raise _start_error(words, "start time is not")
        if self.deliver_policy == "last_per_subject" and not self.filters:
            raise _start_error(words, "filter subject is not")
        if self.opt_start_time:
            self.start_time()

    def start_time(self) -> int:
        """Return the moment from which messages are wanted, in nanoseconds.

        Raises:
            ApiError: It is no moment.
        """
        try:
            return parse_time(self.opt_start_time)
        except ValueError as error:
            raise ApiError(Fault.INVALID_JSON, error) from None


def _start_error(policy: str, words: str) -> ApiError:
    text = f"consumer delivery policy is deliver {policy}, but optional {words} set"
    return ApiError(Fault.INVALID_POLICY, text)
