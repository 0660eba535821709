"""What is known about objects: in a listing, by name, after writing, and over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["ListedObject", "ObjectStat", "ObjectVersion", "WrittenObject"]


@dataclass(frozen=True, slots=True)
class ListedObject:
    """Describe an object as a listing does.

    Attributes:
        key: Name within the bucket.
        size: Length in bytes.
        etag: Changes with the content; the MD5 of it in hexadecimal, unless it came in parts.
        modified: When it was written, in UTC, to the second.
    """

    key: str
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class ObjectStat(ListedObject):
    """Describe one object in full.

    Attributes:
        content_type: Media type that it was written with.
        metadata: The writer's own words about it; keys are in lower case.
        version: Identifier of this version; ``None`` where the bucket keeps none.
    """

    content_type: str = "application/octet-stream"
    metadata: Mapping[str, str] = field(default_factory=dict)
    version: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectVersion(ListedObject):
    """Describe one version of an object.

    Attributes:
        version: Identifier of the version; ``None`` for what was written before the bucket kept
            versions.
        is_latest: Whether this is what readers get who ask for no version.
        is_deletion: Whether it only marks that the object was deleted.
    """

    version: str | None = None
    is_latest: bool = False
    is_deletion: bool = False


@dataclass(frozen=True, slots=True)
class WrittenObject:
    """Describe what was written.

    Attributes:
        key: Name within the bucket.
        etag: Changes with the content; hand it to ``if_match`` to replace just this.
        version: Identifier of the new version; ``None`` where the bucket keeps none.
    """

    key: str
    etag: str
    version: str | None = None
