"""The instruments with which an integration measures itself.

An integration is below the metrics of the application, so it is handed what makes its counters
instead of importing it; outside an application it gets instruments that measure nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, Self

__all__ = ["Counting", "Instruments", "Measuring", "Observing", "SilentInstruments"]


class Counting(Protocol):
    """A number that only goes up."""

    def labels(self, *values: object) -> Self:
        """Return the number for one set of label values."""
        ...

    def inc(self, amount: float = 1) -> None:
        """Add to it."""
        ...


class Measuring(Protocol):
    """A number that goes up and down."""

    def labels(self, *values: object) -> Self:
        """Return the number for one set of label values."""
        ...

    def set(self, value: float) -> None:
        """Replace it."""
        ...


class Observing(Protocol):
    """A distribution of values, such as durations."""

    def labels(self, *values: object) -> Self:
        """Return the distribution for one set of label values."""
        ...

    def observe(self, value: float) -> None:
        """Add a value to it."""
        ...


class Instruments(Protocol):
    """What makes instruments; an application's ``metrics`` is one.

    Asked for the same metric again, it gives the same one.
    """

    def counter(self, name: str, help: str, labels: Sequence[str] = ()) -> Counting:
        """Return a number that only goes up."""
        ...

    def gauge(self, name: str, help: str, labels: Sequence[str] = ()) -> Measuring:
        """Return a number that goes up and down."""
        ...

    def histogram(self, name: str, help: str, labels: Sequence[str] = ()) -> Observing:
        """Return a distribution of values."""
        ...


class _Silent:
    def labels(self, *values: object) -> Self:
        return self

    def inc(self, amount: float = 1) -> None:
        pass

    def set(self, value: float) -> None:
        pass

    def observe(self, value: float) -> None:
        pass


_silent = _Silent()


class SilentInstruments:
    """Make instruments that measure nothing.

    Example:
        >>> SilentInstruments().counter("orders", "Orders taken.").inc()
    """

    def counter(self, name: str, help: str, labels: Sequence[str] = ()) -> Counting:
        """Return a number that nobody sees."""
        return _silent

    def gauge(self, name: str, help: str, labels: Sequence[str] = ()) -> Measuring:
        """Return a number that nobody sees."""
        return _silent

    def histogram(self, name: str, help: str, labels: Sequence[str] = ()) -> Observing:
        """Return a distribution that nobody sees."""
        return _silent
