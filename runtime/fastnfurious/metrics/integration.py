"""Metrics of one application: what is measured by itself, and what a service adds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.metrics.http import HttpMetrics
from fastnfurious.metrics.labels import LabelBound
from fastnfurious.metrics.settings import MetricsSettings
from fastnfurious.metrics.workers import merged_metrics, workers_folder

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric

    from fastnfurious.metrics.counter import Counter
    from fastnfurious.metrics.declared import DeclaredMetrics
    from fastnfurious.metrics.gauge import Gauge
    from fastnfurious.metrics.histogram import Histogram
    from fastnfurious.metrics.shared_system import SharedSystem
    from fastnfurious.metrics.summary import Summary

__all__ = ["AcrossWorkers", "Metrics"]

AcrossWorkers = Literal["sum", "max", "min", "mostrecent", "all"]
"""How a gauge's values of several workers become one; ``all`` keeps them apart by process id."""

_numbers = count()


class Metrics:
    """Measure an application and show the numbers to a scraper.

    ``prometheus_client`` is imported with a service's first metric, or at the first scrape.

    Args:
        settings: Buckets and bounds.
        service: Name, version and environment.

    Attributes:
        http: Counts and times requests.

    Example:
        >>> metrics = Metrics(MetricsSettings(), FastNFuriousSettings())
        >>> orders = metrics.counter("orders", "Orders taken.", labels=["country"])
        >>> orders.labels("NL").inc()
        >>> 'orders_total{country="NL"} 1.0' in metrics.render()[0].decode()
        True
    """

    name = "metrics"

    def __init__(self, settings: MetricsSettings, service: FastNFuriousSettings) -> None:
        self.settings = settings
        self.service = service
        self._label_bound = LabelBound(settings.max_label_sets, self._count_overflow)
        self.http = HttpMetrics(settings.buckets, self._label_bound)
        self._folder: Path | None = None
        self._system: SharedSystem | None = None
        self._refreshing: asyncio.Task[None] | None = None

    @cached_property
    def registry(self) -> CollectorRegistry:
        """Return the registry of ``prometheus_client`` underneath, this application's own."""
        from prometheus_client import CollectorRegistry

        from fastnfurious.metrics.system import BuiltInMetrics

        registry = CollectorRegistry()
        registry.register(BuiltInMetrics(self.http, self.service))
        return registry

    @cached_property
    def _declared(self) -> DeclaredMetrics:
        from fastnfurious.metrics.declared import DeclaredMetrics

        return DeclaredMetrics(self.registry, self._label_bound)

    def counter(self, name: str, help: str, labels: Sequence[str] = ()) -> Counter:
        """Return a number that only goes up.

        Args:
            name: Name in Prometheus; ``_total`` is added to it.
            help: What is counted, in a sentence.
            labels: Names of labels that have few different values.

        Raises:
            MetricConflict: The name is taken by another kind of metric, or with other labels.
            ConfigurationError: The name or a label breaks the rules of Prometheus.
        """
        import prometheus_client

        from fastnfurious.metrics.counter import Counter
        from fastnfurious.metrics.declared import Shape

        shape = Shape("counter", help, tuple(labels))
        return self._declared.declare(Counter, prometheus_client.Counter, name, shape)

    def gauge(
        self,
        name: str,
        help: str,
        labels: Sequence[str] = (),
        *,
        across_workers: AcrossWorkers = "sum",
    ) -> Gauge:
        """Return a number that goes up and down.

        Args:
            name: Name in Prometheus.
            help: What is measured, in a sentence.
            labels: Names of labels that have few different values.
            across_workers: What a scrape shows when there are several worker processes.

        Raises:
            MetricConflict: The name is taken by another kind of metric, or with other labels.
            ConfigurationError: The name or a label breaks the rules of Prometheus.
        """
        import prometheus_client

        from fastnfurious.metrics.declared import Shape
        from fastnfurious.metrics.gauge import Gauge

        shape = Shape("gauge", help, tuple(labels), (("across workers", across_workers),))
        mode = f"live{across_workers}"
        return self._declared.declare(
            Gauge, prometheus_client.Gauge, name, shape, multiprocess_mode=mode
        )

    def histogram(
        self,
        name: str,
        help: str,
        labels: Sequence[str] = (),
        *,
        buckets: Sequence[float] | None = None,
    ) -> Histogram:
        """Return a distribution of values, such as durations.

        Args:
            name: Name in Prometheus, with the unit: ``import_seconds``.
            help: What is measured, in a sentence.
            labels: Names of labels that have few different values.
            buckets: Upper bounds; those of ``METRICS_BUCKETS`` by default.

        Raises:
            MetricConflict: The name is taken by another kind of metric, labels or buckets.
            ConfigurationError: The name, a label or a bucket breaks the rules of Prometheus.
        """
        import prometheus_client

        from fastnfurious.metrics.declared import Shape
        from fastnfurious.metrics.histogram import Histogram

        bounds = tuple(map(float, buckets or self.settings.buckets))
        shape = Shape("histogram", help, tuple(labels), (("buckets", bounds),))
        return self._declared.declare(
            Histogram, prometheus_client.Histogram, name, shape, buckets=bounds
        )

    def summary(self, name: str, help: str, labels: Sequence[str] = ()) -> Summary:
        """Return how many values there were, and their sum.

        Args:
            name: Name in Prometheus, with the unit: ``upload_bytes``.
            help: What is measured, in a sentence.
            labels: Names of labels that have few different values.

        Raises:
            MetricConflict: The name is taken by another kind of metric, or with other labels.
            ConfigurationError: The name or a label breaks the rules of Prometheus.
        """
        import prometheus_client

        from fastnfurious.metrics.declared import Shape
        from fastnfurious.metrics.summary import Summary

        shape = Shape("summary", help, tuple(labels))
        return self._declared.declare(Summary, prometheus_client.Summary, name, shape)

    def _count_overflow(self, metric: str) -> None:
        name = "metrics_label_overflow"
        if metric == name:  # it has one label set for each metric, and may be over the bound itself
            return
        self.counter(
            name,
            "Measurements that were counted together because their metric has too many labels.",
            labels=["metric"],
        ).labels(metric).inc()

    async def open(self) -> None:
        """Share the numbers with the other workers, if the process has any."""
        self._folder = workers_folder()
        if self._folder is None or self._refreshing is not None:
            return
        from fastnfurious.metrics.shared_system import SharedSystem

        self.http.share(self._folder, next(_numbers))
        self._system = SharedSystem.claim(self._folder)
        self._refresh()
        self._refreshing = asyncio.create_task(self._keep_fresh())

    async def aclose(self) -> None:
        """Write the last numbers down and release everything; safe to call twice."""
        task, self._refreshing = self._refreshing, None
        if task is None:
            return
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        self._refresh()
        self.http.withdraw()
        if self._system is not None:
            self._system.close()
            self._system = None

    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(self.settings.refresh_seconds)
            self._refresh()

    def _refresh(self) -> None:
        self._declared.refresh()
        if self._system is not None:
            self._system.refresh()

    def collect(self) -> Iterator[Metric]:
        """Return every metric with its samples; with several workers, those of all of them."""
        self._refresh()
        return self._collected()

    def _collected(self) -> Iterator[Metric]:
        if self._folder is None:
            yield from self.registry.collect()
            return
        from fastnfurious.metrics.system import build_info

        yield build_info(self.service)
        yield from self.http.complete(merged_metrics(self._folder))

    def render(self, accept: str | None = None) -> tuple[bytes, str]:
        """Return the metrics as text, and its content type.

        Args:
            accept: The scraper's ``Accept`` header; OpenMetrics is given to those who prefer it.
        """
        from fastnfurious.metrics.exposition import expose

        return expose(self.collect(), accept)

    async def scrape(self, accept: str | None = None) -> tuple[bytes, str]:
        """Return what `render` does, without holding up other requests meanwhile.

        A service with hundreds of routes has thousands of lines, and the workers' files are to be
        read. Only the functions of gauges are called in the event loop's thread.

        Args:
            accept: The scraper's ``Accept`` header.
        """
        from fastnfurious.metrics.exposition import expose

        self._refresh()
        return await asyncio.to_thread(expose, self._collected(), accept)
