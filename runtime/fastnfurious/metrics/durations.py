"""A histogram of durations on the hot path: one addition for the bucket, one for the sum.

Nothing else is counted beside it: how many there were is the histogram's own count.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from math import inf
from time import time
from typing import NamedTuple

from fastnfurious.metrics.cells import Cells, LocalCells
from fastnfurious.metrics.labels import OVERFLOW, LabelBound

__all__ = ["Durations", "Exemplar", "Series"]

LabelValues = tuple[str | int, ...]


class Exemplar(NamedTuple):
    """Point from a bucket to a trace.

    Attributes:
        trace_id: The trace.
        duration: What was observed, in seconds.
        time: When, in seconds since 1970.
    """

    trace_id: str
    duration: float
    time: float


class Series(NamedTuple):
    """Hold one combination of labels.

    Attributes:
        labels: Label names and values.
        cells: Positions of the buckets' numbers, and at last that of the sum.
        exemplars: Latest exemplar of each bucket.
    """

    labels: dict[str, str]
    cells: list[int]
    exemplars: list[Exemplar | None]


class Durations:
    """Observe durations by labels.

    Args:
        name: Name of the histogram.
        help: What it measures.
        label_names: Names of its labels.
        buckets: Upper bounds of the buckets, in seconds, without infinity.
        label_bound: Bounds how many combinations of labels are kept apart.
    """

    __slots__ = ("name", "help", "label_names", "bounds", "_label_bound", "_series", "_cells")

    def __init__(
        self,
        name: str,
        help: str,
        *,
        label_names: tuple[str, ...],
        buckets: tuple[float, ...],
        label_bound: LabelBound,
    ) -> None:
        self.name = name
        self.help = help
        self.label_names = label_names
        self.bounds = (*buckets, inf)
        self._label_bound = label_bound
        self._series: dict[LabelValues, Series] = {}
        self._cells: Cells = LocalCells()

    def use(self, cells: Cells) -> None:
        """Keep the numbers in these cells from now on, starting anew."""
        self._series = {}
        self._cells = cells

    def observe(self, labels: LabelValues, duration: float, trace_id: str | None) -> None:
        """Add one duration; the trace id of a recorded trace becomes the bucket's exemplar."""
        series = self._series.get(labels) or self._add(labels)
        bucket = bisect_left(self.bounds, duration)
        values, cells = self._cells.values, series.cells
        values[cells[bucket]] += 1.0
        values[cells[-1]] += duration
        if trace_id is not None:
            series.exemplars[bucket] = Exemplar(trace_id, duration, time())

    def _add(self, labels: LabelValues) -> Series:
        if not self._label_bound.admits(self.name, len(self._series)):
            labels = (OVERFLOW,) * len(labels)
            if labels in self._series:
                return self._series[labels]
        named = dict(zip(self.label_names, map(str, labels), strict=True))
        cells = [self._reserve("bucket", named, bound) for bound in self.bounds]
        cells.append(self._reserve("sum", named, None))
        series = self._series[labels] = Series(named, cells, [None] * len(self.bounds))
        return series

    def _reserve(self, suffix: str, labels: dict[str, str], bound: float | None) -> int:
        return self._cells.reserve(self.name, f"{self.name}_{suffix}", self.help, labels, bound)

    def __iter__(self) -> Iterator[Series]:
        """Iterate over the combinations of labels seen so far."""
        return iter(list(self._series.values()))

    def numbers(self, series: Series) -> list[float]:
        """Return how many values each bucket alone has got, and at last their sum."""
        values = self._cells.values
        return [values[cell] for cell in series.cells]
