"""Metrics: requests, websockets, the process and a service's own, for Prometheus to scrape.

    orders = app.metrics.counter("orders", "Orders taken.", labels=["country"])
    orders.labels("NL").inc()

prometheus_client is underneath; each application has a registry of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastnfurious.core.lazy import lazy_names

if TYPE_CHECKING:
    from fastnfurious.metrics.http import HttpMetrics as HttpMetrics
    from fastnfurious.metrics.integration import Metrics as Metrics
    from fastnfurious.metrics.settings import MetricsSettings as MetricsSettings

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "HttpMetrics": "fastnfurious.metrics.http",
        "Metrics": "fastnfurious.metrics.integration",
        "MetricsSettings": "fastnfurious.metrics.settings",
    },
)
