"""What every service answers, whatever it is about."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient


@pytest.mark.parametrize("probe", ["live", "ready", "startup"])
def test_probes_pass_once_the_service_has_started(client: TestClient, probe: str) -> None:
    """An orchestrator learns that the service is well."""
    answer = client.get(f"/health/{probe}")
    assert answer.status_code == 200
    assert answer.json()["status"] == "pass"


def test_metrics_are_served(client: TestClient) -> None:
    """Prometheus finds the metrics of the requests."""
    client.get("/openapi.json")
    assert "http_requests_total" in client.get("/metrics").text


def test_api_is_described(app: FastAPI, client: TestClient) -> None:
    """The OpenAPI document names the service and its version."""
    info = client.get("/openapi.json").json()["info"]
    assert info["title"] == app.title
    assert info["version"] == app.version


def test_unknown_path_is_a_problem(client: TestClient) -> None:
    """An error is told as problem details (RFC 9457)."""
    answer = client.get("/no/such/path")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
