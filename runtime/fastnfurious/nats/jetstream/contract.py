"""What JetStream promises: the values it gives, the errors it raises, and what handlers raise.

JetStreamError and what is below it say what the server refused. ResourceUnavailable (503) and
OperationTimeout (504) say that it could not be asked, as everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from fastnfurious.core.errors import (
    Conflict,
    FastNFuriousError,
    ResourceNotFound,
    ResourceUnavailable,
    StartupError,
)
from fastnfurious.nats.payloads import decode_json, decoder_for

__all__ = [
    "Entry",
    "JetStreamError",
    "JetStreamUnavailable",
    "KeyNotFound",
    "ObjectDamaged",
    "ObjectInfo",
    "ObjectNotFound",
    "Published",
    "Reject",
    "Retry",
    "RevisionConflict",
    "StreamDiffers",
    "StreamFull",
    "StreamNotFound",
    "WrongStream",
]


class JetStreamError(FastNFuriousError, RuntimeError):
    """Say that the server refused what it was asked.

    Attributes:
        number: What the server calls the error, ``err_code`` in its documentation.
    """

    def __init__(self, message: str, number: int = 0) -> None:
        super().__init__(message)
        self.number = number

    def __reduce__(self) -> tuple[type[JetStreamError], tuple[str, int]]:
        """Survive the way between processes with the number."""
        return type(self), (str(self), self.number)


class JetStreamUnavailable(ResourceUnavailable):
    """Say that there is a server, but no JetStream that answers."""


class StreamFull(ResourceUnavailable):
    """Say that a stream is at a limit of its own and takes nothing more."""


class StreamNotFound(JetStreamError, LookupError):
    """Say that no stream has that name, or that none keeps that subject."""


class StreamDiffers(StartupError):
    """Say that a stream exists, but not as it was declared: each field, there and wanted."""


class WrongStream(Conflict):
    """Say that another stream keeps the subject than the one that was expected."""


class KeyNotFound(ResourceNotFound):
    """Say that a bucket has no value for a key; also one that was deleted."""


class RevisionConflict(Conflict):
    """Say that a key has changed since it was read, or that it exists already."""


class ObjectNotFound(ResourceNotFound):
    """Say that a bucket has no object of that name; also one that was deleted."""


class ObjectDamaged(FastNFuriousError, RuntimeError):
    """Say that an object is not what was stored: parts are missing, or were changed."""


class Reject(FastNFuriousError):
    """Raise it in a handler for a message that no retry can help.

    It goes to the dead letters at once, with the text as the reason.

    Example:
        >>> raise Reject("an order without items")
        Traceback (most recent call last):
        ...
        fastnfurious.nats.jetstream.contract.Reject: an order without items
    """

    status: ClassVar[int] = 422


class Retry(FastNFuriousError):
    """Raise it in a handler to get the message again after a time of its own choice.

    It counts as a delivery, like any other failure, but is logged in one quiet line.

    Args:
        reason: Why, for the logs.
        after: Seconds to wait; by default what the back-off says.
    """

    status: ClassVar[int] = 503

    def __init__(self, reason: str = "not now", *, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


@dataclass(frozen=True, slots=True)
class Published:
    """Hold what a stream confirmed.

    Attributes:
        stream: Where the message is kept.
        sequence: Its number there.
        duplicate: Whether one with this identifier was there before, so that this one was not kept.
    """

    stream: str
    sequence: int
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """Hold one value of a key, as it was at a revision.

    Attributes:
        bucket: Where it is kept.
        key: Its key.
        value: The value; empty when it says that the key was deleted.
        revision: Number of the change, over the whole bucket.
        created: When it was written.
        deleted: Whether it says that the key was deleted.
    """

    bucket: str
    key: str
    value: bytes
    revision: int
    created: datetime
    deleted: bool = False

    @property
    def text(self) -> str:
        """Return the value as text."""
        return self.value.decode()

    @property
    def json(self) -> Any:
        """Return the value, decoded.

        Raises:
            InvalidPayload: It is not JSON.
        """
        return decode_json(self.value)

    def decode(self, type: Any) -> Any:
        """Return the value in a type: a pydantic model, a dataclass and so on.

        Raises:
            InvalidPayload: The value does not fit.
        """
        return decoder_for(type)(self.value)


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """Hold what is known about an object besides its content.

    Attributes:
        bucket: Where it is kept.
        name: Its name.
        size: Bytes.
        chunks: How many messages hold the content.
        digest: SHA-256 of the content, as ``SHA-256=`` and base 64.
        modified: When it was stored.
        description: What it is, in words.
        headers: What else was said about it.
        deleted: Whether it says that the object was deleted.
        identifier: What its content is called in the stream; another one at each ``put``.
    """

    bucket: str
    name: str
    size: int
    chunks: int
    digest: str
    modified: datetime
    description: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    deleted: bool = False
    identifier: str = ""
