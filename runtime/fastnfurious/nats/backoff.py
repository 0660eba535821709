"""How long to wait between two attempts."""

from __future__ import annotations

import random

__all__ = ["Backoff"]


class Backoff:
    """Wait longer after each failure, up to a bound, and never exactly as long as others do.

    Args:
        first: Seconds after the first failure, at most.
        longest: Most seconds after any failure.

    Example:
        >>> backoff = Backoff(first=0.1, longest=0.4)
        >>> all(backoff.next() <= 0.4 for _ in range(20))
        True
    """

    def __init__(self, *, first: float = 0.05, longest: float) -> None:
        self._first = min(first, longest)
        self._longest = longest
        self._bound = self._first

    def next(self) -> float:
        """Return the seconds to wait now."""
        bound, self._bound = self._bound, min(self._bound * 2, self._longest)
        # A thousand services that lost the same server must not return in the same moment.
        return random.uniform(bound / 2, bound)

    def reset(self) -> None:
        """Begin anew, after a success."""
        self._bound = self._first
