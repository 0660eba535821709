"""What a stream keeps, and for how long: read, checked and completed as nats-server does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from fastnfurious.nats.embedded.jetstream.errors import ApiError, Fault, not_here
from fastnfurious.nats.embedded.jetstream.shape import read_shape
from fastnfurious.nats.embedded.jetstream.timestamps import SECOND
from fastnfurious.nats.embedded.subjects import covers, is_pattern, overlap

__all__ = ["StreamConfig", "is_name"]

_CHOICES = {
    "retention": ("limits", "interest", "workqueue"),
    "discard": ("old", "new"),
    "storage": ("file", "memory"),
    "compression": ("none", "s2"),
    "persist_mode": ("", "default", "async"),
}
_OMITTED_WHEN_EMPTY = {
    "description",
    "subjects",
    "no_ack",
    "discard_new_per_subject",
    "first_seq",
    "metadata",
    "subject_delete_marker_ttl",
}
_DECLINED = {
    "mirror": "mirrors",
    "sources": "sources",
    "republish": "republishing",
    "subject_transform": "subject transforms",
    "allow_msg_counter": "counters",
    "allow_msg_schedules": "scheduled messages",
    "allow_atomic": "batches",
    "allow_batched": "batches",
    "placement": "clusters",
    "subject_delete_marker_ttl": "delete markers",
    "template_owner": "templates",
}
_UNLIMITED = ("max_msgs", "max_msgs_per_subject", "max_bytes", "max_msg_size", "max_consumers")
_DEFAULT_WINDOW = 120 * SECOND
_SHORTEST = SECOND // 10
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class StreamConfig:
    """Hold the settings of a stream; times are in nanoseconds, -1 is no limit."""

    name: str = ""
    description: str = ""
    subjects: tuple[str, ...] = ()
    retention: str = "limits"
    max_consumers: int = -1
    max_msgs: int = -1
    max_bytes: int = -1
    max_age: int = 0
    max_msgs_per_subject: int = -1
    max_msg_size: int = -1
    discard: str = "old"
    discard_new_per_subject: bool = False
    storage: str = "file"
    num_replicas: int = 1
    no_ack: bool = False
    duplicate_window: int = 0
    compression: str = "none"
    first_seq: int = 0
    allow_direct: bool = False
    mirror_direct: bool = False
    sealed: bool = False
    deny_delete: bool = False
    deny_purge: bool = False
    allow_rollup_hdrs: bool = False
    allow_msg_ttl: bool = False
    consumer_limits: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    persist_mode: str = ""
    mirror: dict[str, Any] = field(default_factory=dict)
    sources: tuple[Any, ...] = ()
    republish: dict[str, Any] = field(default_factory=dict)
    subject_transform: dict[str, Any] = field(default_factory=dict)
    placement: dict[str, Any] = field(default_factory=dict)
    template_owner: str = ""
    subject_delete_marker_ttl: int = 0
    allow_msg_counter: bool = False
    allow_msg_schedules: bool = False
    allow_atomic: bool = False
    allow_batched: bool = False
    pedantic: bool = False

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> StreamConfig:
        """Return the settings that a request asks for, checked and completed.

        Raises:
            ApiError: They cannot be had.
        """
        return read_shape(cls, given, _CHOICES)

    def completed(self) -> StreamConfig:
        """Return the settings with everything that was left open.

        Raises:
            ApiError: They make no sense, or need a real server.
        """
        self._check_name()
        self._decline()
        config = self._with_defaults()
        config._check_times()
        config._check_rules()
        config._check_subjects()
        return config

    def as_json(self) -> dict[str, Any]:
        """Return the settings as an answer holds them."""
        hidden = {*_DECLINED, "persist_mode", "pedantic"}
        shown = {name: value for name, value in asdict(self).items() if name not in hidden}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in shown.items()
            if value or name not in _OMITTED_WHEN_EMPTY
        }

    def updated(self, new: StreamConfig) -> StreamConfig:
        """Return the new settings of a stream that has these.

        Raises:
            ApiError: It cannot.
        """
        if new.storage != self.storage:
            raise _cannot("change storage type")
        if new.retention != self.retention and "workqueue" in (new.retention, self.retention):
            raise _cannot("change retention policy to/from workqueue")
        if self.sealed and not new.sealed:
            raise _cannot("unseal a sealed stream")
        if self.deny_delete and not new.deny_delete:
            raise _cannot("cancel deny message deletes")
        if self.deny_purge and not new.deny_purge:
            raise _cannot("cancel deny purge")
        if self.allow_msg_ttl and not new.allow_msg_ttl:
            raise ApiError(Fault.STREAM_INVALID, "message TTL status can not be disabled")
        if not new.sealed:
            return new
        denied: dict[str, Any] = {"deny_delete": True, "deny_purge": True}
        return replace(new, max_age=0, discard="new", allow_rollup_hdrs=False, **denied)

    def _check_name(self) -> None:
        if not is_name(self.name):
            raise ApiError(
                Fault.STREAM_INVALID,
                "stream name is required and can not contain '.', '*', '>', '\\', '/'",
            )
        if len(self.name) > _LONGEST_NAME:
            words = f"stream name is too long, maximum allowed is {_LONGEST_NAME}"
            raise ApiError(Fault.STREAM_INVALID, words)

    def _decline(self) -> None:
        if self.num_replicas < 0:
            raise ApiError(Fault.NEGATIVE_REPLICAS)
        if self.num_replicas > 1:
            raise ApiError(Fault.REPLICAS)
        for name, what in _DECLINED.items():
            if getattr(self, name):
                raise not_here(what)

    def _with_defaults(self) -> StreamConfig:
        window = self.duplicate_window or min(_DEFAULT_WINDOW, self.max_age or _DEFAULT_WINDOW)
        given: dict[str, Any] = {name: getattr(self, name) for name in _UNLIMITED}
        limits: dict[str, Any] = {name: value if value > 0 else -1 for name, value in given.items()}
        return replace(
            self,
            subjects=self.subjects or (self.name,),
            num_replicas=1,
            duplicate_window=window,
            **limits,
        )

    def _check_times(self) -> None:
        if self.max_age < 0:
            raise ApiError(Fault.STREAM_INVALID, "max age can not be negative")
        if 0 < self.max_age < _SHORTEST:
            raise ApiError(Fault.STREAM_INVALID, "max age needs to be >= 100ms")
        if self.duplicate_window < 0:
            raise ApiError(Fault.STREAM_INVALID, "duplicates window can not be negative")
        if self.max_age and self.duplicate_window > self.max_age:
            words = "duplicates window can not be larger then max age"
            raise ApiError(Fault.STREAM_INVALID, words)
        if self.duplicate_window < _SHORTEST:
            raise ApiError(Fault.STREAM_INVALID, "duplicates window needs to be >= 100ms")

    def _check_rules(self) -> None:
        if self.deny_purge and self.allow_rollup_hdrs:
            raise ApiError(Fault.STREAM_INVALID, "roll-ups require the purge permission")
        if not self.discard_new_per_subject:
            return
        if self.discard != "new":
            words = "discard new per subject requires discard new policy to be set"
            raise ApiError(Fault.STREAM_INVALID, words)
        if self.max_msgs_per_subject <= 0:
            words = "discard new per subject requires max msgs per subject > 0"
            raise ApiError(Fault.STREAM_INVALID, words)

    def _check_subjects(self) -> None:
        for index, subject in enumerate(self.subjects):
            if not is_pattern(subject):
                raise ApiError(Fault.STREAM_INVALID, "invalid subject")
            for other in self.subjects[index + 1 :]:
                if overlap(subject, other):
                    words = f'subject "{subject}" overlaps with "{other}"'
                    raise ApiError(Fault.STREAM_INVALID, words)
            self._check_reserved(subject)

    def _check_reserved(self, subject: str) -> None:
        if subject == ">" and not self.no_ack:
            words = "capturing all subjects requires no-ack to be true"
            raise ApiError(Fault.STREAM_INVALID, words)
        if overlap(subject, "$JS.API.>") and not self.no_ack:
            words = "subjects that overlap with jetstream api require no-ack to be true"
            raise ApiError(Fault.STREAM_INVALID, words)
        if overlap(subject, "$JS.>") and not covers("$JS.EVENT.>", subject):
            raise not_here("streams over the subjects of JetStream itself")


def is_name(text: str) -> bool:
    """Return whether a stream or a consumer can be called so."""
    return bool(text) and not any(letter in text for letter in " \t\r\n\f.*>\\/")


def _cannot(what: str) -> ApiError:
    return ApiError(Fault.STREAM_INVALID, f"stream configuration update can not {what}")
