"""Numbers that are cheap to add to.

Adding to a cell is one access to a list, about a tenth of what ``prometheus_client`` spends on
locks and calls; that is right because only the event loop's thread writes.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableSequence
from typing import Protocol

__all__ = ["Cells", "LocalCells"]


class Cells(Protocol):
    """Hold numbers by position."""

    @property
    def values(self) -> MutableSequence[float]:
        """Return the numbers; read this anew after each `reserve`."""
        ...

    def reserve(
        self, metric: str, sample: str, help: str, labels: Mapping[str, str], le: float | None
    ) -> int:
        """Return the position of a sample's number.

        Args:
            metric: Name of the metric.
            sample: Name of the sample.
            help: What the metric measures.
            labels: Labels of the sample.
            le: Upper bound, if the sample is a bucket of a histogram.
        """
        ...

    def close(self) -> None:
        """Release everything."""
        ...


class LocalCells:
    """Hold numbers in a list, for this process alone."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: MutableSequence[float] = []

    def reserve(
        self, metric: str, sample: str, help: str, labels: Mapping[str, str], le: float | None
    ) -> int:
        """Return the position of a new number."""
        self.values.append(0.0)
        return len(self.values) - 1

    def close(self) -> None:
        """Do nothing: the numbers stay."""
