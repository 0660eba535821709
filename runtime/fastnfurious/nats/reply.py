"""The answer to a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Reply"]


@dataclass(frozen=True, slots=True)
class Reply:
    """Hold what a service answered: a value, or the reason why there is none.

    Attributes:
        status: Whether the service did what it was asked.
        value: The decoded value; with an error, the details that came with it, if any.
        error: What went wrong; ``None`` when nothing did.
        code: Number of the error; ``None`` when there is none.

    Example:
        >>> reply = Reply(False, error="no such item", code=404)
        >>> "found" if reply.status else reply.error
        'no such item'
    """

    status: bool
    value: Any = None
    error: str | None = None
    code: int | None = None
