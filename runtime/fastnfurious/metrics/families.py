"""The numbers of the hot path in the shapes of ``prometheus_client``, made at a scrape."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from prometheus_client.core import Metric
from prometheus_client.samples import Exemplar, Sample
from prometheus_client.utils import floatToGoString

from fastnfurious.metrics.durations import Durations, Series

__all__ = ["counter_of", "gauge_of", "histogram_of", "with_exemplars"]

_title: Any = floatToGoString


def gauge_of(name: str, help: str, value: float) -> Metric:
    """Return a gauge without labels."""
    metric = Metric(name, help, "gauge")
    metric.samples = [Sample(name, {}, value)]
    return metric


def histogram_of(durations: Durations) -> Metric:
    """Return the histogram of this process."""
    metric = Metric(durations.name, durations.help, "histogram")
    metric.samples = [sample for series in durations for sample in _samples(durations, series)]
    return metric


def _samples(durations: Durations, series: Series) -> Iterator[Sample]:
    name, labels = durations.name, series.labels
    *buckets, total = durations.numbers(series)
    exemplars = _exemplars(series)
    counts = list(accumulate(buckets))
    for bound, count, exemplar in zip(durations.bounds, counts, exemplars, strict=True):
        yield Sample(f"{name}_bucket", {**labels, "le": _title(bound)}, count, None, exemplar)
    yield Sample(f"{name}_count", labels, counts[-1])
    yield Sample(f"{name}_sum", labels, total)


def _exemplars(series: Series) -> list[Exemplar | None]:
    return [
        Exemplar({"trace_id": found.trace_id}, found.duration, found.time) if found else None
        for found in series.exemplars
    ]


def with_exemplars(merged: Metric, durations: Durations) -> Metric:
    """Return the histogram of all workers with the exemplars of this one."""
    own = {
        (*series.labels.values(), _title(bound)): exemplar
        for series in durations
        for bound, exemplar in zip(durations.bounds, _exemplars(series), strict=True)
    }
    names = (*durations.label_names, "le")
    merged.samples = [
        sample._replace(exemplar=own.get(tuple(sample.labels.get(name, "") for name in names)))
        for sample in merged.samples
    ]
    return merged


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
