"""Which bytes to read, and what to write under which condition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastnfurious.s3.errors import InvalidArgument

__all__ = ["ReadSpan", "WriteTerms"]


@dataclass(frozen=True, slots=True)
class ReadSpan:
    """Say which bytes of an object to read.

    Attributes:
        offset: First byte; a negative one counts from the end.
        length: How many bytes; ``None`` reads to the end.
    """

    offset: int = 0
    length: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no range can say.

        Raises:
            InvalidArgument: The length is not positive, or given together with a negative offset.
        """
        if self.length is not None and (self.length < 1 or self.offset < 0):
            raise InvalidArgument(
                f"A range of {self.length} bytes from {self.offset} cannot be read: "
                "a length is at least 1, and goes with an offset from the start"
            )

    @property
    def is_whole(self) -> bool:
        """Return whether this is the whole object."""
        return self.offset == 0 and self.length is None

    @property
    def header(self) -> str:
        """Return the value of the ``Range`` header.

        Example:
            >>> ReadSpan(2, 3).header, ReadSpan(2).header, ReadSpan(-4).header
            ('bytes=2-4', 'bytes=2-', 'bytes=-4')
        """
        if self.offset < 0:
            return f"bytes={self.offset}"
        end = "" if self.length is None else self.offset + self.length - 1
        return f"bytes={self.offset}-{end}"


@dataclass(frozen=True, slots=True)
class WriteTerms:
    """Say what to write with an object, and under which condition.

    Attributes:
        content_type: Media type.
        metadata: The writer's own words, checked.
        tags: Tags, checked.
        if_match: Entity tag that the object must have now.
        if_none_match: Whether there must be no object of that key.
    """

    content_type: str = "application/octet-stream"
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    if_match: str | None = None
    if_none_match: bool = False
