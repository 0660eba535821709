"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["FrozenClock"]

_START = datetime(2030, 1, 1, tzinfo=UTC)


class FrozenClock:
    """Stand still, so that a test knows every time stamp and never waits.

    Args:
        start: Time of day to stand at, with a time zone.

    Raises:
        ValueError: ``start`` has no time zone.

    Example:
        >>> clock = FrozenClock()
        >>> before = clock.monotonic()
        >>> clock.advance(2.5)
        >>> clock.monotonic() - before
        2.5
    """

    def __init__(self, start: datetime = _START) -> None:
        if start.tzinfo is None:
            raise ValueError(f"The time {start.isoformat()} has no time zone; add tzinfo=UTC")
        self._now = start.astimezone(UTC)
        self._monotonic = 0.0

    def now(self) -> datetime:
        """Return the time of day that the clock stands at, in UTC."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds by which the clock has been moved."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move the clock forward.

        Raises:
            ValueError: ``seconds`` is negative; time does not go back.
        """
        if seconds < 0:
            raise ValueError(f"A clock only moves forward, not by {seconds:g} s")
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds
