"""Metrics of one application: a registry, what is measured by itself, and what services add."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.metrics.exposition import expose
from fastnfurious.metrics.http import HttpMetrics
from fastnfurious.metrics.labels import LabelBound
from fastnfurious.metrics.settings import MetricsSettings

__all__ = ["Metrics"]


class Metrics:
    """Measure an application and show the numbers to a scraper.

    Args:
        settings: Buckets and bounds.
        service: Name, version and environment.

    Attributes:
        http: Counts and times requests.
        registry: The registry of ``prometheus_client`` underneath.
    """

    name = "metrics"

    def __init__(self, settings: MetricsSettings, service: FastNFuriousSettings) -> None:
        self.settings = settings
        self.service = service
        self.registry = CollectorRegistry()
        self._label_bound = LabelBound(settings.max_label_sets)
        self.http = HttpMetrics(settings.buckets, self._label_bound)

    async def open(self) -> None:
        """Share the numbers with the other workers, if there are any."""

    async def aclose(self) -> None:
        """Release everything."""

    def collect(self) -> Iterator[Metric]:
        """Return every metric with its samples."""
        yield from self.http.collect()
        yield from self.registry.collect()

    def render(self, accept: str | None = None) -> tuple[bytes, str]:
        """Return the metrics as text, and its content type.

        Args:
            accept: The scraper's ``Accept`` header.
        """
        return expose(self.collect(), accept)
