"""The client of an issuer: what goes wrong on the way, in our words."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from fastnfurious.core.errors import (
    FastNFuriousError,
    NotAuthenticated,
    OperationTimeout,
    ResourceNotFound,
    ResourceUnavailable,
    SettingsError,
    StartupError,
)
from fastnfurious.core.settings import Environment, FastNFuriousSettings
from fastnfurious.logs.testing import RecordedLogs
from fastnfurious.metrics.testing import MetricsSnapshot
from fastnfurious.oidc.integration import OidcIntegration
from fastnfurious.oidc.settings import OidcSettings
from fastnfurious.oidc.testing import Login
from fastnfurious.oidc.transport import HttpTransport
from fastnfurious.tracing.testing import RecordedSpans
from tests.unit.oidc.conftest import make_app


def answering(answer: Response) -> HttpTransport:
    """Return a transport to an issuer that answers everything alike."""

    async def answer_it(request: Any) -> Response:
        return answer

    routes = [Route("/{path:path}", answer_it, methods=["GET", "POST"])]
    return HttpTransport(timeout=1, app=Starlette(routes=routes))


class TestErrors:
    """The table of the driver's errors."""

    @pytest.mark.parametrize(
        ("answer", "error", "words"),
        [
            (PlainTextResponse("no", 404), ResourceNotFound, "nothing at"),
            (PlainTextResponse("no", 500), ResourceUnavailable, "answered 500"),
            (RedirectResponse("https://evil.example.com"), ResourceUnavailable, "answered 307"),
            (PlainTextResponse("<html>"), ResourceUnavailable, "not a JSON object"),
            (JSONResponse([1]), ResourceUnavailable, "not a JSON object"),
            (PlainTextResponse("x" * 1_000_001), ResourceUnavailable, "too long"),
        ],
    )
    async def test_a_document_that_cannot_be_had(
        self, answer: Response, error: type[FastNFuriousError], words: str
    ) -> None:
        """Each is one of ours, and says where."""
        with pytest.raises(error, match=words) as caught:
            await answering(answer).get("https://id.example.com/x")
        assert "https://id.example.com/x" in str(caught.value)

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (JSONResponse({"error": "invalid_client"}, 401), "invalid_client"),
            (JSONResponse({"error": "x", "error_description": "Bad"}, 400), "refused: Bad"),
            (JSONResponse([], 403), "status 403"),
            (PlainTextResponse("no", 400), "status 400"),
        ],
    )
    async def test_credentials_that_are_refused(self, answer: Response, words: str) -> None:
        """The issuer's own words are kept."""
        with pytest.raises(NotAuthenticated, match=words):
            await answering(answer).post("https://id.example.com/token", {})

    async def test_an_issuer_that_is_not_there(self) -> None:
        """The address is named."""
        transport = HttpTransport(timeout=1)
        with pytest.raises(ResourceUnavailable, match="away at http://127.0.0.1:1/x"):
            await transport.get("http://127.0.0.1:1/x")
        await transport.aclose()

    async def test_an_issuer_that_does_not_answer(self) -> None:
        """Nobody waits for ever."""

        async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        transport = HttpTransport(timeout=0.05)
        with pytest.raises(OperationTimeout, match="in time"):
            await transport.get(f"http://127.0.0.1:{port}/x")
        await transport.aclose()
        server.close()


class TestStart:
    """What an application does with an issuer that is wrong or away."""

    def test_one_that_is_away_does_not_stop_the_start(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Requests that need it get 503, and readiness warns."""
        token = Login(make_app()).token("alice")
        monkeypatch.setenv("OIDC_ISSUER", "http://127.0.0.1:1/realms/shop")
        monkeypatch.setenv("OIDC_CLIENT_ID", "shop")
        app = make_app(Environment.PRODUCTION)

        @app.get("/users/me")
        async def me(user: Any = app.current_user) -> None: ...

        with TestClient(app) as client:
            answer = client.get("/users/me", headers={"Authorization": f"Bearer {token}"})
            ready = client.get("/health/ready")
        # Its signature is of a kind that is accepted, so its key has to be looked for.
        assert answer.status_code == 503
        assert (ready.status_code, ready.json()["status"]) == (200, "warn")
        assert ready.json()["checks"]["oidc"][0]["output"] == "the issuer does not give its keys"

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (PlainTextResponse("", 404), "there is no issuer"),
            (JSONResponse({}), "describes no issuer"),
            (JSONResponse({"issuer": "https://x", "jwks_uri": "https://x"}), "calls itself"),
        ],
    )
    async def test_one_that_is_wrong_stops_it(self, answer: Response, words: str) -> None:
        """The message names the setting."""
        service = FastNFuriousSettings(environment=Environment.PRODUCTION)
        settings = OidcSettings(issuer="https://id.example.com", client_id="shop")
        integration = OidcIntegration(settings, service)
        integration.resource._transport = answering(answer)
        with pytest.raises(StartupError, match=f"OIDC_ISSUER='https://id.*{words}"):
            await integration.open()
        await integration.aclose()

    @pytest.mark.parametrize(
        ("issuer", "warned"),
        [("http://id.invalid", True), ("https://id.invalid", False), ("http://127.0.0.1:1", False)],
    )
    async def test_keys_that_come_without_tls_are_warned_of(
        self, issuer: str, warned: bool, logs: RecordedLogs
    ) -> None:
        """On this machine nobody is on the way."""
        service = FastNFuriousSettings(environment=Environment.PRODUCTION)
        integration = OidcIntegration(OidcSettings(issuer=issuer, client_id="shop"), service)
        integration.resource._transport = answering(PlainTextResponse("", 500))
        await integration.open()
        await integration.aclose()
        assert bool(logs.find("without TLS", level="WARNING")) is warned


class TestSettings:
    """What is refused before anything is asked."""

    @pytest.mark.parametrize(
        ("name", "value", "words"),
        [
            ("OIDC_ISSUER", "id.example.com", "expected an address"),
            ("OIDC_ISSUER", "ftp://id.example.com", "expected an address"),
            ("OIDC_ISSUER", "https://a:b@id.example.com", "without a user"),
            ("OIDC_ISSUER", "https://id.example.com?x=1", "without a user, a query"),
            ("OIDC_AUDIENCE", "shop,account", "protects nothing"),
            ("OIDC_ALGORITHMS", "HS256", "expected some of"),
            ("OIDC_ALGORITHMS", "none", "expected some of"),
            ("OIDC_ALGORITHMS", ",", "expected some of"),
            ("OIDC_LEEWAY_SECONDS", "3600", "300"),
        ],
    )
    def test_a_value_that_cannot_be_meant(
        self, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
    ) -> None:
        """The variable is named, and what would do."""
        monkeypatch.setenv(name, value)
        with pytest.raises(SettingsError, match=f"{name}.*{words}"):
            OidcSettings.load()

    def test_lists_have_commas(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As everywhere in the settings."""
        monkeypatch.setenv("OIDC_AUDIENCE", "shop, stock")
        monkeypatch.setenv("OIDC_ALGORITHMS", "RS256,EdDSA")
        settings = OidcSettings.load()
        assert (settings.audiences, settings.algorithms) == (("shop", "stock"), ("RS256", "EdDSA"))


def test_refusals_and_fetches_are_measured() -> None:
    """By reason, and by outcome; the fetch is a span of the request that caused it."""
    app = make_app()

    @app.get("/users/me")
    async def me(user: Any = app.current_user) -> None: ...

    before, login = MetricsSnapshot(app.metrics), Login(app)
    with RecordedSpans(app.tracing) as spans, TestClient(app) as client:
        client.get("/users/me", headers=login.headers("alice"))
        client.get("/users/me", headers=login.headers("alice", lifetime=-60))
    assert before.delta("oidc_refused_tokens_total", reason="expired") == 1
    assert before.delta("oidc_key_fetches_total", outcome="succeeded") == 1
    assert spans.tree().startswith("GET /users/me\n  oidc fetch keys")
