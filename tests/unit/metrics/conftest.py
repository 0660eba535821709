"""An application's metrics."""

from __future__ import annotations

import pytest

from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.metrics import Metrics, MetricsSettings


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> Metrics:
    """Return the metrics of an application that runs in one process."""
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    service = FastNFuriousSettings(service_name="shop", service_version="1.2.3")
    return Metrics(MetricsSettings(buckets=(0.1, 1.0)), service)
