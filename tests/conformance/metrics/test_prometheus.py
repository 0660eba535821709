"""Prometheus reads what an application shows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import httpx2
import pytest

from fastnfurious import FastNFuriousAPI
from fastnfurious.testing.live_server import LiveServer
from servers.endpoint import Endpoint
from servers.plugin import Backing


@pytest.fixture
def prometheus(backing: Backing) -> Endpoint:
    """Return the server."""
    endpoint = backing("metrics", "prometheus")
    assert endpoint is not None
    return endpoint


@pytest.fixture
def server() -> Iterator[LiveServer]:
    """Return an application with a metric of its own, after one request."""
    app = FastNFuriousAPI()
    brewed = app.metrics.counter("tea_brewed", "Cups that were brewed.", labels=["kind"])

    @app.get("/tea/{kind}")
    async def brew(kind: str) -> str:
        brewed.labels(kind).inc(3)
        return kind

    with LiveServer(app) as server:
        assert httpx2.get(f"{server.url}/tea/green").status_code == 200
        yield server


@pytest.fixture
def instance(server: LiveServer, prometheus: Endpoint) -> Iterator[str]:
    """Return the name under which Prometheus scrapes the application."""
    instance = f"{server.host}:{server.port}"
    path = Path(prometheus.settings["PROMETHEUS_TARGETS"]) / f"{server.port}.json"
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(json.dumps([{"targets": [instance]}]), encoding="utf-8")
    unfinished.replace(path)
    yield instance
    path.unlink()


def test_what_is_counted_is_found(prometheus: Endpoint, instance: str) -> None:
    """The service's own metric, and that of its requests, with their labels."""
    assert value(prometheus, f'up{{instance="{instance}"}}') == 1
    assert value(prometheus, f'tea_brewed_total{{instance="{instance}",kind="green"}}') == 3
    route = f'instance="{instance}",route="/tea/{{kind}}"'
    assert value(prometheus, f"http_request_duration_seconds_count{{{route}}}") == 1


def value(prometheus: Endpoint, query: str) -> float | None:
    """Return what a query gives, as soon as it gives something."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with urlopen(f"{prometheus.url}/api/v1/query?query={quote(query)}", timeout=5) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        if found and found[0]["value"][1] != "0":
            return float(found[0]["value"][1])
        time.sleep(0.2)
    return None
