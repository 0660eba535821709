"""Probes: what an orchestrator is told, and when."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import APIRouter
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

from fastnfurious import FastNFuriousAPI, FastNFuriousSettings
from fastnfurious.application import management_app
from fastnfurious.core.health import CheckResult, HealthStatus, Probe
from fastnfurious.core.settings import Environment
from fastnfurious.testing.clock import FrozenClock

HEALTH = "application/health+json"


def test_a_report_has_the_shape_of_the_draft(clock: FrozenClock) -> None:
    """Status, version and service; each check with its kind, time, latency and output."""
    settings = FastNFuriousSettings(service_name="shop", service_version="1.2.3")
    app = FastNFuriousAPI(settings=settings, clock=clock)

    @app.health.check(component_type="system")
    async def disk() -> CheckResult:
        clock.advance(0.012)
        return CheckResult(HealthStatus.WARN, "nearly full")

    with TestClient(app) as client:
        answer = client.get("/health/ready")
    assert (answer.status_code, answer.headers["content-type"]) == (200, HEALTH)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "status": "warn",
        "version": "1.2.3",
        "serviceId": "shop",
        "checks": {
            "disk": [
                {
                    "componentType": "system",
                    "status": "warn",
                    "time": "2030-01-01T00:00:00.000Z",
                    "observedValue": 12.0,
                    "observedUnit": "ms",
                    "output": "nearly full",
                }
            ]
        },
    }


@pytest.mark.parametrize("probe", list(Probe))
def test_a_healthy_service_passes_every_probe(probe: Probe) -> None:
    """Without checks there is nothing that could fail."""
    with TestClient(FastNFuriousAPI()) as client:
        answer = client.get(f"/health/{probe.value}")
        assert (answer.status_code, answer.json()["status"]) == (200, "pass")
        assert client.head(f"/health/{probe.value}").status_code == 200


def test_a_check_that_fails_fails_the_probe_that_asks_it() -> None:
    """Liveness does not depend on a database: a restart would not bring it back."""
    app = FastNFuriousAPI()
    app.health.add("db", lambda: False)
    with TestClient(app) as client:
        assert client.get("/health/ready").status_code == 503
        assert client.get("/health/live").status_code == 200


def test_a_check_that_raises_shows_no_secret() -> None:
    """Its message may hold an address or a password: the log has it, the report only the kind."""
    app = FastNFuriousAPI()

    @app.health.check("db")
    async def db() -> None:
        raise ConnectionError("postgres://user:secret@db")

    with TestClient(app) as client:
        answer = client.get("/health/ready")
        assert answer.json()["checks"]["db"][0]["output"] == "ConnectionError was raised"


def test_a_service_that_has_not_started_is_not_ready() -> None:
    """Before the lifespan has run, startup and readiness fail; the process is alive."""
    client = TestClient(FastNFuriousAPI())
    assert client.get("/health/startup").status_code == 503
    assert client.get("/health/ready").json()["output"] == "the service is starting"
    assert client.get("/health/live").status_code == 200


def test_a_service_that_drains_is_not_ready() -> None:
    """Readiness fails from the first moment of a shutdown; the process stays alive."""
    app = FastNFuriousAPI()
    app.get("/work")(lambda: "done")
    with TestClient(app) as client:
        app.lifecycle.begin_drain()
        answer = client.get("/health/ready")
        assert (answer.status_code, answer.json()["output"]) == (503, "the service is draining")
        assert client.get("/health/live").status_code == 200
        assert client.get("/health/startup").status_code == 200


def test_answers_close_their_connection_while_draining() -> None:
    """Clients that keep connections alive move on to another instance."""
    app = FastNFuriousAPI()
    app.get("/work")(lambda: "done")
    with TestClient(app) as client:
        assert "connection" not in client.get("/work").headers
        app.lifecycle.begin_drain()
        assert client.get("/work").headers.get_list("connection") == ["close"]


def test_probes_share_a_run_for_a_second(clock: FrozenClock) -> None:
    """However many probes come, a struggling server is asked once a second."""
    app = FastNFuriousAPI(clock=clock)
    asked: list[datetime] = []

    @app.health.check()
    async def db() -> None:
        asked.append(datetime.now(UTC))

    with TestClient(app) as client:
        for _ in range(5):
            client.get("/health/ready")
        assert len(asked) == 1
        clock.advance(1.0)
        client.get("/health/ready")
        assert len(asked) == 2


def test_routes_of_the_user_win() -> None:
    """A service that has always had a /metrics of its own goes on to have it."""
    app, router = FastNFuriousAPI(), APIRouter(prefix="/health")
    app.get("/metrics")(lambda: "mine")
    router.get("/ready")(lambda: "mine too")
    app.include_router(router)
    with TestClient(app) as client:
        assert client.get("/metrics").json() == "mine"
        assert client.get("/health/ready").json() == "mine too"
        assert client.get("/health/live").json()["status"] == "pass"


def test_what_catches_every_path_does_not_catch_probes(tmp_path: Path) -> None:
    """Files mounted on / and a route for every path leave the management routes alone."""
    mounted, caught, site = FastNFuriousAPI(), FastNFuriousAPI(), FastNFuriousAPI()
    mounted.mount("/", StaticFiles(directory=tmp_path))
    caught.get("/{path:path}")(lambda path: path)
    site.frontend("/", directory=tmp_path)
    for app in (mounted, caught, site):
        with TestClient(app) as client:
            assert client.get("/health/live").headers["content-type"] == HEALTH
    with TestClient(caught) as client:
        assert client.get("/anything").json() == "anything"


def test_a_management_port_takes_the_routes_away() -> None:
    """With MANAGEMENT_PORT, the public port knows none of them; the other application does."""
    settings = FastNFuriousSettings(management_port=9000)
    app = FastNFuriousAPI(settings=settings)
    with TestClient(app) as public:
        management = TestClient(management_app(app))
        for path in ("/health/live", "/health/ready", "/metrics", "/logs/levels"):
            assert public.get(path).status_code == 404
            assert management.get(path).status_code == 200
        assert management.get("/none").headers["content-type"] == "application/problem+json"


def test_metrics_are_in_the_format_that_is_asked_for() -> None:
    """A scraper that accepts OpenMetrics gets it."""
    with TestClient(FastNFuriousAPI()) as client:
        assert client.get("/metrics").headers["content-type"].startswith("text/plain")
        accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
        answer = client.get("/metrics", headers=accept)
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        assert answer.text.endswith("# EOF\n")


class TestLogLevels:
    """Changing log levels while the service runs."""

    def test_levels_can_be_read_and_changed(self) -> None:
        """The answer to a change is the new state."""
        with TestClient(FastNFuriousAPI()) as client:
            changed = client.put("/logs/levels", json={"shop.stock": "DEBUG"})
            assert changed.status_code == 200
            assert client.get("/logs/levels").json()["shop.stock"] == "DEBUG"

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"{", 400),
            (b"\xff", 400),
            (b"[" * 100_000, 400),
            (b"[]", 422),
            (b'{"shop": 1}', 422),
            (b'{"shop": "DEBUG", "stock": "LOUD"}', 422),
        ],
    )
    def test_a_wrong_change_changes_nothing(self, body: bytes, status: int) -> None:
        """A problem says what is accepted, and no half of the change is kept."""
        with TestClient(FastNFuriousAPI()) as client:
            before = client.get("/logs/levels").json()
            answer = client.put("/logs/levels", content=body)
            assert (answer.status_code, answer.json()["status"]) == (status, status)
            assert client.get("/logs/levels").json() == before

    @pytest.mark.parametrize("environment", ["staging", "production"])
    def test_the_public_port_refuses_it_outside_development(self, environment: str) -> None:
        """Whoever can send a request could otherwise silence the logs."""
        settings = FastNFuriousSettings(environment=Environment(environment))
        with TestClient(FastNFuriousAPI(settings=settings, integrations=[])) as client:
            for answer in (client.get("/logs/levels"), client.put("/logs/levels", json={})):
                assert answer.status_code == 403
                assert "MANAGEMENT_PORT" in answer.json()["detail"]

    def test_the_management_port_allows_it_everywhere(self) -> None:
        """Who reaches that port runs the service."""
        settings = FastNFuriousSettings(environment=Environment.PRODUCTION, management_port=9000)
        app = FastNFuriousAPI(settings=settings, integrations=[])
        client = TestClient(management_app(app))
        assert client.put("/logs/levels", json={"shop": "ERROR"}).json()["shop"] == "ERROR"
