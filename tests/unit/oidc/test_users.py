"""Who is calling an application: tokens in, users or problems out."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse

from fastnfurious import FastNFuriousAPI
from fastnfurious.core.errors import IntegrationNotEnabled, SettingsError
from fastnfurious.core.settings import Environment
from fastnfurious.oidc.dependencies import current_user
from fastnfurious.oidc.testing import Login
from fastnfurious.schemas import UserClaims
from tests.unit.oidc.conftest import make_app


class TestUsers:
    """What handlers get."""

    @pytest.mark.parametrize("path", ["/users/me", "/routed", "/greeting", "/perhaps"])
    def test_a_token_is_a_user(self, client: TestClient, login: Login, path: str) -> None:
        """By the application's attribute and by annotation."""
        answer = client.get(path, headers=login.headers("alice"))
        assert answer.status_code == 200
        assert "alice" in answer.text or answer.json() is True

    def test_a_profile_shows_the_claims(self, client: TestClient, login: Login) -> None:
        """Roles and scopes among them."""
        headers = login.headers("alice", roles=["admin"], scopes=["orders"], department="sales")
        profile = client.get("/users/me", headers=headers).json()
        assert profile["roles"] == ["admin"] and profile["scopes"] == ["orders"]
        assert profile["department"] == "sales"

    @pytest.mark.parametrize("path", ["/users/me", "/routed", "/orders"])
    @pytest.mark.parametrize("header", [None, "Basic YTpi", "Bearer", "Digest x"])
    def test_without_a_token_the_answer_is_401(
        self, client: TestClient, path: str, header: str | None
    ) -> None:
        """The challenge says what is needed, and nothing about an error."""
        headers = {} if header is None else {"Authorization": header}
        answer = client.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["Content-Type"] == "application/problem+json"
        if header != "Bearer":
            assert answer.headers["WWW-Authenticate"] == "Bearer"

    def test_a_bad_token_is_said_to_be_bad(self, client: TestClient, login: Login) -> None:
        """In the challenge and in the problem; also where a user is optional."""
        headers = login.headers("alice", lifetime=-60)
        for path in ("/users/me", "/greeting"):
            answer = client.get(path, headers=headers)
            assert answer.status_code == 401
            assert answer.json()["detail"] == "The token has expired"
            assert answer.headers["WWW-Authenticate"] == (
                'Bearer error="invalid_token", error_description="The token has expired"'
            )

    def test_two_tokens_are_none(self, client: TestClient, login: Login) -> None:
        """Which one would count, a proxy and we might see differently."""
        header = login.headers("alice")["Authorization"]
        pairs = [("Authorization", header), ("Authorization", header)]
        assert client.get("/users/me", headers=pairs).status_code == 401

    def test_nobody_is_optional(self, client: TestClient) -> None:
        """A request without a token is answered."""
        assert client.get("/greeting").json() == "Hello stranger"
        assert client.get("/perhaps").json() is False

    def test_without_problem_details_the_answer_is_the_same(self) -> None:
        """Only its body is FastAPI's own."""
        app = make_app(problem_details=False)

        @app.get("/users/me")
        async def me(user: UserClaims = app.current_user) -> str:
            return user.sub

        with TestClient(app) as client:
            answer = client.get("/users/me")
            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


class TestRequirements:
    """What a user must have."""

    def test_who_has_everything_gets_through(self, client: TestClient, login: Login) -> None:
        """Roles and scopes are asked for together."""
        headers = login.headers("alice", roles=["admin"], scopes=["orders"])
        assert client.get("/orders", headers=headers).status_code == 200

    def test_who_lacks_something_gets_403(self, client: TestClient, login: Login) -> None:
        """The problem names it, and the challenge the scope."""
        answer = client.get("/orders", headers=login.headers("bob", roles=["admin"]))
        assert (answer.status_code, answer.json()["detail"]) == (
            403,
            "This needs the scope 'orders'",
        )
        challenge = 'Bearer error="insufficient_scope", scope="orders"'
        assert answer.headers["WWW-Authenticate"] == challenge

    def test_all_roles_are_needed(self, client: TestClient, login: Login) -> None:
        """One of two is not enough."""
        answer = client.delete("/orders", headers=login.headers("bob", roles=["admin"]))
        assert answer.status_code == 403
        assert answer.json()["detail"] == "This needs the role 'boss'"


class TestWebsockets:
    """Users of websockets."""

    def test_a_header_is_enough(self, client: TestClient, login: Login) -> None:
        """Clients that are not browsers send it."""
        with client.websocket_connect("/ws", headers=login.headers("alice")) as session:
            assert session.receive_text() == "alice"

    def test_a_browser_sends_the_token_as_a_protocol(
        self, client: TestClient, login: Login
    ) -> None:
        """It cannot set a header."""
        with client.websocket_connect("/ws", ["bearer", login.token("alice")]) as session:
            assert session.receive_text() == "alice"
            assert str(session.accepted_subprotocol) == "bearer"

    def test_without_a_token_it_is_not_opened(self, client: TestClient) -> None:
        """The handshake is answered like any other request."""
        with pytest.raises(WebSocketDenialResponse) as caught:
            client.websocket_connect("/ws").__enter__()
        assert caught.value.status_code == 401
        assert caught.value.headers["WWW-Authenticate"] == "Bearer"


class TestDoubles:
    """Users in tests."""

    def test_a_user_can_be_logged_in(self, client: TestClient, login: Login) -> None:
        """Every handler sees the user, whichever way it asks."""
        login("alice")
        assert client.get("/users/me").json()["preferred_username"] == "alice"
        assert client.get("/routed").json() == "alice"
        assert client.get("/greeting").json() == "Hello alice"
        assert client.get("/orders").status_code == 403
        login("alice", roles=["admin"], scopes=["orders"])
        assert client.get("/orders").json() == "alice"
        login.out()
        assert client.get("/users/me").status_code == 401

    def test_a_dependency_can_be_overridden(self, client: TestClient, app: FastNFuriousAPI) -> None:
        """The function is always the same one."""
        assert app.current_user.dependency is current_user is app.current_user.dependency
        app.dependency_overrides[current_user] = lambda: UserClaims(
            sub="carol", preferred_username="carol"
        )
        assert client.get("/users/me").json()["sub"] == "carol"
        assert client.get("/routed").json() == "carol"


class TestSeams:
    """How the attributes come to the application."""

    def test_they_can_be_asked_for_without_any_settings(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Handlers are declared while modules are imported, also in production."""
        monkeypatch.setenv("OIDC_ISSUER", "not an address")
        app = make_app(Environment.PRODUCTION)
        assert app.current_user is app.current_user
        assert app.require(roles="a").dependency is app.require(roles=["a"]).dependency

    def test_an_application_that_leaves_it_out_says_so(self) -> None:
        """The message names the fix."""
        app = make_app(integrations=[])
        with pytest.raises(IntegrationNotEnabled, match="leaves 'oidc' out"):
            getattr(app, "current_user")

    def test_a_misspelt_attribute_is_none(self) -> None:
        """As on any object."""
        with pytest.raises(AttributeError, match="no attribute 'curent_user'"):
            getattr(make_app(), "curent_user")


class TestProduction:
    """What is never to happen there."""

    @pytest.mark.parametrize("environment", [Environment.STAGING, Environment.PRODUCTION])
    @pytest.mark.parametrize("mode", [None, "embedded"])
    def test_the_issuer_in_the_process_does_not_start(
        self, monkeypatch: pytest.MonkeyPatch, environment: Environment, mode: str | None
    ) -> None:
        """Not even when it is asked for."""
        if mode:
            monkeypatch.setenv("OIDC_MODE", mode)
        app = make_app(environment)
        with pytest.raises(SettingsError, match="OIDC_"), TestClient(app):
            pass
        with pytest.raises(SettingsError, match="OIDC_"):
            app.integrations.get("oidc")

    def test_its_pages_are_not_served(self) -> None:
        """There is no route that could lead to them."""
        app = make_app(Environment.PRODUCTION, integrations=[])
        with TestClient(app) as client:
            assert client.get("/.embedded/oidc/authorize").status_code == 404

    def test_a_real_issuer_needs_an_audience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Else tokens for any service would do."""
        monkeypatch.setenv("OIDC_ISSUER", "https://id.example.com")
        with pytest.raises(SettingsError, match="OIDC_AUDIENCE is not set"):
            make_app(Environment.PRODUCTION).integrations.modes()
