"""A histogram of durations on the hot path: one addition for the bucket, one for the sum.

Nothing else is counted beside it: how many there were is the histogram's own count.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from time import time
from typing import NamedTuple

from prometheus_client.core import Metric
from prometheus_client.samples import Exemplar, Sample
from prometheus_client.utils import floatToGoString

from fastnfurious.metrics.cells import Cells, LocalCells
from fastnfurious.metrics.labels import OVERFLOW, LabelBound

__all__ = ["Durations", "counter_of"]

LabelValues = tuple[str | int, ...]


class _Series(NamedTuple):
    labels: dict[str, str]
    cells: list[int]  # one for each bucket, then the sum
    exemplars: list[Exemplar | None]


class Durations:
    """Observe durations by labels.

    Args:
        name: Name of the histogram.
        help: What it measures.
        label_names: Names of its labels.
        bounds: Upper bounds of the buckets, in seconds, without infinity.
        label_bound: Bounds how many combinations of labels are kept apart.
    """

    def __init__(
        self,
        name: str,
        help: str,
        *,
        label_names: tuple[str, ...],
        bounds: tuple[float, ...],
        label_bound: LabelBound,
    ) -> None:
        self.name = name
        self.help = help
        self._label_names = label_names
        self._bounds = bounds
        self._label_bound = label_bound
        self._titles = [_title(bound) for bound in (*bounds, float("inf"))]
        self._series: dict[LabelValues, _Series] = {}
        self._cells: Cells = LocalCells()

    def use(self, cells: Cells) -> None:
        """Keep the numbers in these cells from now on, starting anew."""
        self._series = {}
        self._cells = cells

    def observe(self, labels: LabelValues, duration: float, trace_id: str | None) -> None:
        """Add one duration; the trace id of a recorded trace becomes the bucket's exemplar."""
        series = self._series.get(labels) or self._add(labels)
        bucket = bisect_left(self._bounds, duration)
        values, cells = self._cells.values, series.cells
        values[cells[bucket]] += 1.0
        values[cells[-1]] += duration
        if trace_id is not None:
            series.exemplars[bucket] = Exemplar({"trace_id": trace_id}, duration, time())

    def _add(self, labels: LabelValues) -> _Series:
        if not self._label_bound.admits(self.name, len(self._series)):
            labels = (OVERFLOW,) * len(labels)
            if labels in self._series:
                return self._series[labels]
        named = dict(zip(self._label_names, map(str, labels), strict=True))
        reserve = self._cells.reserve
        cells = [
            reserve(self.name, f"{self.name}_bucket", {**named, "le": title}, self.help)
            for title in self._titles
        ]
        cells.append(reserve(self.name, f"{self.name}_sum", named, self.help))
        series = self._series[labels] = _Series(named, cells, [None] * len(self._titles))
        return series

    def collect(self) -> Metric:
        """Return the histogram of this process."""
        metric = Metric(self.name, self.help, "histogram")
        for series in list(self._series.values()):
            metric.samples.extend(self._samples(series))
        return metric

    def _samples(self, series: _Series) -> Iterator[Sample]:
        values, labels, total = self._cells.values, series.labels, 0.0
        buckets = zip(self._titles, series.cells[:-1], series.exemplars, strict=True)
        for title, cell, exemplar in buckets:
            total += values[cell]
            yield Sample(f"{self.name}_bucket", {**labels, "le": title}, total, None, exemplar)
        yield Sample(f"{self.name}_count", labels, total)
        yield Sample(f"{self.name}_sum", labels, values[series.cells[-1]])

    def with_exemplars(self, merged: Metric) -> Metric:
        """Return the histogram of all workers with the exemplars of this one."""
        own = {
            (*series.labels.values(), title): exemplar
            for series in list(self._series.values())
            for title, exemplar in zip(self._titles, series.exemplars, strict=True)
            if exemplar is not None
        }
        names = (*self._label_names, "le")
        merged.samples = [
            sample._replace(exemplar=own.get(tuple(sample.labels.get(name, "") for name in names)))
            for sample in merged.samples
        ]
        return merged


def _title(bound: float) -> str:
    text: str = floatToGoString(bound)  # type: ignore[no-untyped-call]
    return text


def counter_of(metric: Metric, name: str, help: str) -> Metric:
    """Return how often a histogram observed something, as a counter of its own."""
    counter = Metric(name, help, "counter")
    counted = f"{metric.name}_count"
    counter.samples = [
        Sample(f"{name}_total", sample.labels, sample.value)
        for sample in metric.samples
        if sample.name == counted
    ]
    return counter
