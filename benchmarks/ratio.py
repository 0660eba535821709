"""The ratio of two measurements that took turns: what disturbs a turn disturbs both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Self

__all__ = ["Ratio"]


@dataclass(frozen=True)
class Ratio:
    """Say how many times the one is the other.

    Attributes:
        median: The median over the turns.
        low: A quarter of the turns are at or below it.
        high: A quarter of the turns are at or above it.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, ones: Sequence[float], others: Sequence[float]) -> Self:
        """Return the ratio of two measurements, turn by turn.

        Args:
            ones: What is divided, one figure for each turn.
            others: By what it is divided, in the same turns.
        """
        ratios = [one / other for one, other in zip(ones, others, strict=True)]
        if len(ratios) == 1:
            return cls(ratios[0], ratios[0], ratios[0])
        low, _, high = quantiles(ratios, n=4, method="inclusive")
        return cls(median(ratios), low, high)
