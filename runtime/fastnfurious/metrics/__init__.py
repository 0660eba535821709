"""Metrics: requests, websockets, the process and a service's own, for Prometheus to scrape.

    orders = app.metrics.counter("orders", "Orders taken.", labels=["country"])
    orders.labels("NL").inc()

prometheus_client is underneath; each application has a registry of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastnfurious.core.lazy import lazy_names

if TYPE_CHECKING:
    from fastnfurious.metrics.counter import Counter as Counter
    from fastnfurious.metrics.gauge import Gauge as Gauge
    from fastnfurious.metrics.histogram import Histogram as Histogram
    from fastnfurious.metrics.http import HttpMetrics as HttpMetrics
    from fastnfurious.metrics.integration import Metrics as Metrics
    from fastnfurious.metrics.settings import MetricsSettings as MetricsSettings
    from fastnfurious.metrics.summary import Summary as Summary
    from fastnfurious.metrics.testing import MetricsSnapshot as MetricsSnapshot
    from fastnfurious.metrics.workers import forget_worker as forget_worker
    from fastnfurious.metrics.workers import forget_workers as forget_workers
    from fastnfurious.metrics.workers import prepare_workers as prepare_workers
else:
    __getattr__, __all__ = lazy_names(
        __name__,
        {
            "Counter": "fastnfurious.metrics.counter",
            "Gauge": "fastnfurious.metrics.gauge",
            "Histogram": "fastnfurious.metrics.histogram",
            "HttpMetrics": "fastnfurious.metrics.http",
            "Metrics": "fastnfurious.metrics.integration",
            "MetricsSettings": "fastnfurious.metrics.settings",
            "MetricsSnapshot": "fastnfurious.metrics.testing",
            "Summary": "fastnfurious.metrics.summary",
            "forget_worker": "fastnfurious.metrics.workers",
            "forget_workers": "fastnfurious.metrics.workers",
            "prepare_workers": "fastnfurious.metrics.workers",
        },
    )
