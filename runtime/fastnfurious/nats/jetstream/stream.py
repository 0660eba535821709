"""A stream as it is declared: what it keeps, and for how long.

*Source:* https://docs.nats.io/nats-concepts/jetstream/streams
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Discard", "Retention", "Storage", "Stream"]


class Storage(StrEnum):
    """Where a stream keeps its messages."""

    FILE = "file"
    MEMORY = "memory"


class Retention(StrEnum):
    """When a stream forgets a message: at its limits, when all have it, or when one has it."""

    LIMITS = "limits"
    INTEREST = "interest"
    WORKQUEUE = "workqueue"


class Discard(StrEnum):
    """What gives way when a stream is full: the oldest message, or the new one."""

    OLD = "old"
    NEW = "new"


class Stream(BaseModel):
    """Declare a stream.

    Only what is said is compared with a stream that exists: what an operator has tuned besides
    stays as it is.

    Attributes:
        name: Its name: letters, digits, ``-`` and ``_``.
        subjects: Subjects, or patterns of subjects, that it keeps.
        description: What it is for.
        storage: Where it keeps messages.
        retention: When it forgets them.
        discard: What gives way when it is full.
        max_age: Seconds after which messages are forgotten; 0 for never.
        max_messages: Most messages.
        max_bytes: Most bytes.
        max_messages_per_subject: Most messages of each subject.
        max_message_size: Most bytes of a message.
        duplicate_window: Seconds in which a message with a known identifier is not kept again.
        replicas: How many servers of a cluster keep it.
        update: Whether a stream that differs is changed, instead of being an error at start-up.

    Example:
        >>> Stream(name="ORDERS", subjects=["orders.>"], max_age=60).configuration()
        {'name': 'ORDERS', 'subjects': ['orders.>'], 'max_age': 60000000000}
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    subjects: list[str] = Field(min_length=1)
    description: str = ""
    storage: Storage = Storage.FILE
    retention: Retention = Retention.LIMITS
    discard: Discard = Discard.OLD
    max_age: float = Field(0, ge=0)
    max_messages: int = Field(-1, ge=-1)
    max_bytes: int = Field(-1, ge=-1)
    max_messages_per_subject: int = Field(-1, ge=-1)
    max_message_size: int = Field(-1, ge=-1)
    duplicate_window: float = Field(120, gt=0)
    replicas: int = Field(1, ge=1)
    update: bool = False

    def configuration(self) -> dict[str, Any]:
        """Return what is said, in the words of the server."""
        said = {name: getattr(self, name) for name in _WORDS if name in self.model_fields_set}
        return {_WORDS[name]: _CONVERSIONS.get(name, _same)(value) for name, value in said.items()}

    def differences(self, configuration: Mapping[str, Any]) -> list[str]:
        """Return where a stream that exists differs, in words.

        Args:
            configuration: What the server says about it.

        Example:
            >>> declared = Stream(name="ORDERS", subjects=["orders.>"], max_age=60)
            >>> declared.differences({"subjects": ["orders.>"], "max_age": 30_000_000_000})
            ['max_age is 30.0 there and 60.0 is wanted']
        """
        found = []
        for name, word in _WORDS.items():
            if name not in self.model_fields_set or name == "name":
                continue
            wanted, there = getattr(self, name), _there(name, configuration.get(word))
            if _comparable(name, there) != _comparable(name, wanted):
                found.append(f"{name} is {_shown(there)} there and {_shown(wanted)} is wanted")
        return found


_WORDS = {
    "name": "name",
    "subjects": "subjects",
    "description": "description",
    "storage": "storage",
    "retention": "retention",
    "discard": "discard",
    "max_age": "max_age",
    "max_messages": "max_msgs",
    "max_bytes": "max_bytes",
    "max_messages_per_subject": "max_msgs_per_subject",
    "max_message_size": "max_msg_size",
    "duplicate_window": "duplicate_window",
    "replicas": "num_replicas",
}
_SECONDS = ("max_age", "duplicate_window")
_UNLIMITED = ("max_messages", "max_bytes", "max_messages_per_subject", "max_message_size")


def _same(value: Any) -> Any:
    return value


def _nanoseconds(value: float) -> int:
    return round(value * 1e9)


_CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_SECONDS, _nanoseconds),
    **dict.fromkeys(("storage", "retention", "discard"), str),
}


def _there(name: str, value: Any) -> Any:
    """Return a value of the server as it would be declared."""
    if value is None:
        return Stream.model_fields[name].get_default(call_default_factory=True)
    return value / 1e9 if name in _SECONDS else value


def _comparable(name: str, value: Any) -> Any:
    if name == "subjects":
        return sorted(value or ())
    if name in _UNLIMITED and value <= 0:
        return -1
    return value


def _shown(value: Any) -> str:
    return str(value) if isinstance(value, str) else repr(value)
