"""The ids of messages that were published a short time ago."""

from __future__ import annotations

from collections import OrderedDict

__all__ = ["Duplicates"]


class Duplicates:
    """Remember ids for a while.

    Args:
        window: How long, in nanoseconds.

    Attributes:
        window: How long, in nanoseconds.
        last: The last id that was remembered.
    """

    def __init__(self, window: int) -> None:
        self.window = window
        self.last = ""
        self._known: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def find(self, identifier: str, now: int) -> int:
        """Return the number of the message that had the id; 0 for none."""
        self._forget(now)
        return self._known[identifier][1] if identifier in self._known else 0

    def add(self, identifier: str, sequence: int, now: int) -> None:
        """Remember an id."""
        self._forget(now)
        self._known[identifier] = (now, sequence)
        self.last = identifier

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()
        self.last = ""

    def _forget(self, now: int) -> None:
        while self._known:
            first = next(iter(self._known))
            if self._known[first][0] + self.window > now:
                return
            del self._known[first]
