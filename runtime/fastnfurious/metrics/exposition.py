"""Metrics as text: the format a scraper asks for.

*Source:* https://prometheus.io/docs/instrumenting/content_negotiation/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

__all__ = ["OPENMETRICS", "TEXT", "expose"]

_openmetrics: Callable[[Collector], bytes] = openmetrics.generate_latest

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"


class _Collected(Collector):
    """Hand metrics that have been collected to an encoder."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        """Return the metrics."""
        return self._metrics


def expose(metrics: Iterable[Metric], accept: str | None) -> tuple[bytes, str]:
    """Return metrics as text, and the content type.

    Args:
        metrics: What was collected.
        accept: The ``Accept`` header; OpenMetrics, which alone has exemplars, if it is preferred.
    """
    if _prefers_openmetrics(accept or ""):
        return _openmetrics(_Collected(metrics)), OPENMETRICS
    return generate_latest(_Collected(map(_without_created, metrics))), TEXT


def _without_created(metric: Metric) -> Metric:
    # In the older format they would become one more gauge for each metric that nobody asked for.
    metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
    return metric


def _prefers_openmetrics(accept: str) -> bool:
    weights = dict(map(_weight, accept.lower().split(",")))
    wanted = weights.get("application/openmetrics-text", 0.0)
    return wanted > 0 and wanted >= weights.get("text/plain", 0.0)


def _weight(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip() for piece in part.split(";"))
    quality = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    try:
        return kind, float(quality)
    except ValueError:
        return kind, 0.0
