"""What is measured beside requests: the process, garbage collection, and what is running."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.metrics.http import HttpMetrics

__all__ = ["BuiltInMetrics", "build_info", "garbage_metrics", "process_metrics"]

_SYSTEM = (
    ("build_info", "gauge"),
    ("process_virtual_memory_bytes", "gauge"),
    ("process_resident_memory_bytes", "gauge"),
    ("process_start_time_seconds", "gauge"),
    ("process_cpu_seconds", "counter"),
    ("process_max_fds", "gauge"),
    ("process_open_fds", "gauge"),
    ("python_gc_objects_collected", "counter"),
    ("python_gc_objects_uncollectable", "counter"),
    ("python_gc_collections", "counter"),
)


class BuiltInMetrics(Collector):
    """Collect what an application measures without being asked to.

    Args:
        http: The metrics of requests.
        service: Name, version and environment.
    """

    def __init__(self, http: HttpMetrics, service: FastNFuriousSettings) -> None:
        self._http = http
        self._service = service

    def describe(self) -> Iterator[Metric]:
        """Return the metrics without samples, so that a registry knows which names are taken."""
        for name, kind in (*HttpMetrics.names(), *_SYSTEM):
            yield Metric(name, "Measured by itself.", kind)

    def collect(self) -> Iterator[Metric]:
        """Return the metrics of this process."""
        yield build_info(self._service)
        yield from self._http.collect()
        yield from process_metrics()
        yield from garbage_metrics()


def build_info(service: FastNFuriousSettings) -> Metric:
    """Return what is running, as labels of a gauge that is always 1."""
    labels = {
        "service": service.service_name,
        "version": service.service_version,
        "environment": service.environment.value,
        "python": platform.python_version(),
    }
    info = GaugeMetricFamily("build_info", "What is running.", labels=list(labels))
    info.add_metric(list(labels.values()), 1)
    return info


def process_metrics() -> Iterable[Metric]:
    """Return processor time, memory and open files; nothing where there is no ``/proc``."""
    return ProcessCollector(registry=None).collect()


def garbage_metrics() -> Iterable[Metric]:
    """Return how often garbage was collected in this process."""
    registry = CollectorRegistry()
    GCCollector(registry)
    return registry.collect()
