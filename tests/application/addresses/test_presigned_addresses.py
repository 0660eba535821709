"""Presigned URLs of the stand-in lead to the service, wherever it listens."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from fastnfurious import FastNFuriousAPI
from fastnfurious.core.context import current_exchange
from fastnfurious.testing import TestClient
from fastnfurious.testing.live_server import LiveServer
from tests.application.addresses import signing_service
from tests.application.shutdown.process import ServiceProcess


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FastNFuriousAPI:
    """Return the service, as it was before anybody has used it."""
    monkeypatch.setenv("ENVIRONMENT", "test")
    app = FastNFuriousAPI(integrations=["s3"], lifespan=signing_service.lifespan)
    app.add_api_route("/sign", signing_service.sign)
    app.add_api_websocket_route("/sign", signing_service.sign_for_websocket)
    monkeypatch.setattr(signing_service, "app", app)
    return app


def test_a_url_leads_to_the_port_of_the_service(app: FastNFuriousAPI) -> None:
    """Without a setting, and whoever serves the application."""
    with LiveServer(app) as server:
        url = httpx2.get(f"{server.url}/sign").json()
        assert url.startswith(f"{server.url}/.embedded/s3/models/")
        assert httpx2.get(url).content == b"weights"


def test_a_url_leads_through_the_proxy_that_was_asked(app: FastNFuriousAPI) -> None:
    """The client's own words for the service are used, over a websocket too."""
    app.root_path = "/api"
    with TestClient(app, base_url="https://shop.example.com") as client:
        assert client.get("/sign").json().startswith("https://shop.example.com/api/.embedded/s3/")
        with client.websocket_connect("wss://shop.example.com/sign") as websocket:
            assert websocket.receive_text().startswith("https://shop.example.com/api/.embedded/s3/")
    assert current_exchange.get() is None


def test_a_url_leads_into_the_mount(app: FastNFuriousAPI) -> None:
    """An application that is part of a larger one serves its stand-ins below its own path."""
    with TestClient(app), TestClient(Starlette(routes=[Mount("/shop", app)])) as client:
        url = client.get("/shop/sign").json()
        assert url.startswith("http://testserver/shop/.embedded/s3/")
        assert client.get(url).content == b"weights"


def test_a_setting_wins(app: FastNFuriousAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who knows better says so."""
    monkeypatch.setenv("S3_PUBLIC_URL", "https://files.example.com")
    with TestClient(app) as client:
        assert client.get("/sign").json().startswith("https://files.example.com/.embedded/s3/")


@pytest.mark.slow
def test_a_url_that_is_made_at_start_leads_to_the_service(tmp_path: Path) -> None:
    """No request has told the address yet, but the command knows its port."""
    environment = {
        "ENVIRONMENT": "development",
        "S3_FOLDER": str(tmp_path),
        "PYTHONPATH": str(Path(__file__).parent),
    }
    with ServiceProcess(app="signing_service:app", environment=environment) as service:
        service.wait_ready()
        line = next(each for each in service.output.splitlines() if each.startswith("told: "))
        url = line.removeprefix("told: ")
        assert url.startswith(f"http://127.0.0.1:{service.port}/.embedded/s3/")
        assert httpx2.get(url).content == b"weights"
        asked = httpx2.get(f"http://localhost:{service.port}/sign")
        assert json.loads(asked.text).startswith(f"http://localhost:{service.port}/")
        service.signal()
        assert service.wait() == 0
