"""The user of a request, in an application whose tokens come from each issuer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import WebSocket
from starlette.testclient import TestClient, WebSocketDenialResponse

from fastnfurious import FastNFuriousAPI, FastNFuriousSettings
from fastnfurious.core.registry import Registry, RegistryEntry
from fastnfurious.core.settings import Environment
from fastnfurious.oidc.dependencies import CurrentUser, OptionalUser, current_user
from fastnfurious.oidc.testing import Login
from fastnfurious.schemas import UserClaims
from servers.plugin import Backing

ENTRY = RegistryEntry(
    "oidc",
    "fastnfurious.oidc.integration:OidcIntegration",
    "fastnfurious[oidc]",
    ("httpx", "joserfc"),
    ("current_user", "optional_user", "require"),
)


def make_app() -> FastNFuriousAPI:
    """Return the application of the documentation."""
    settings = FastNFuriousSettings(environment=Environment.TEST, service_name="service")
    app = FastNFuriousAPI(title="Demo Keycloak Integration", settings=settings)
    app.integrations.registry = Registry([ENTRY])

    @app.get("/users/me", summary="Display user profile", response_model=UserClaims)
    async def me(user: UserClaims = app.current_user) -> UserClaims:
        """In this function we access the current user through dependency injection."""
        return user

    @app.get("/admin")
    async def admin(user: UserClaims = app.require(roles="admin")) -> str:
        return user.sub

    @app.get("/profile")
    async def profile(user: UserClaims = app.require(scopes="profile")) -> str:
        return user.sub

    @app.get("/orders")
    async def orders(user: UserClaims = app.require(scopes="orders")) -> str:
        return user.sub

    @app.get("/greeting")
    async def greet(user: OptionalUser) -> str:
        return f"Hello {user.preferred_username if user else 'stranger'}"

    @app.websocket("/news")
    async def news(websocket: WebSocket, user: CurrentUser) -> None:
        await websocket.accept("bearer" if websocket.scope["subprotocols"] else None)
        await websocket.send_text(f"Hello {user.preferred_username}")
        await websocket.close()

    return app


@pytest.fixture(params=["embedded", "keycloak"])
def served(
    request: pytest.FixtureRequest, backing: Backing, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[TestClient, dict[str, dict[str, str]]]]:
    """Return a client, and the headers of two users."""
    endpoint = backing("oidc", request.param)
    for name, value in (endpoint.settings if endpoint else {}).items():
        monkeypatch.setenv(name, value)
    app = make_app()
    with TestClient(app) as client:
        if endpoint is None:
            login = Login(app)
            yield client, {
                "alice": login.headers("alice", roles=["admin"]),
                "bob": login.headers("bob"),
            }
        else:
            yield client, {user: _password(endpoint.settings, user) for user in ("alice", "bob")}


def _password(settings: object, user: str) -> dict[str, str]:
    import httpx

    assert isinstance(settings, dict)
    form = {"grant_type": "password", "username": user, "password": user, "scope": "openid"}
    named = {
        "client_id": settings["OIDC_CLIENT_ID"],
        "client_secret": settings["OIDC_CLIENT_SECRET"],
    }
    url = settings["OIDC_ISSUER"] + "/protocol/openid-connect/token"
    answer = httpx.post(url, data={**form, **named})
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


Served = tuple[TestClient, dict[str, dict[str, str]]]


def test_a_user_sees_the_own_profile(served: Served) -> None:
    """With the claims of the token."""
    client, headers = served
    profile = client.get("/users/me", headers=headers["alice"]).json()
    assert profile["preferred_username"] == "alice"
    assert "admin" in profile["roles"]


def test_a_role_opens_what_another_user_may_not_enter(served: Served) -> None:
    """401 for nobody, 403 for somebody else."""
    client, headers = served
    assert client.get("/admin", headers=headers["alice"]).status_code == 200
    assert client.get("/admin", headers=headers["bob"]).status_code == 403
    assert client.get("/admin").status_code == 401


def test_the_docs_can_log_in(served: Served) -> None:
    """The document has both addresses of the authorisation code flow."""
    client, _ = served
    scheme = client.get("/openapi.json").json()["components"]["securitySchemes"]["oidc"]
    flow = scheme["flows"]["authorizationCode"]
    assert flow["authorizationUrl"] and flow["tokenUrl"]
    assert client.get("/health/ready").json()["status"] == "pass"


def test_a_scope_opens_what_a_token_without_it_may_not_enter(served: Served) -> None:
    """The challenge names the scope."""
    client, headers = served
    assert client.get("/profile", headers=headers["alice"]).status_code == 200
    refused = client.get("/orders", headers=headers["alice"])
    assert refused.status_code == 403
    challenge = 'Bearer error="insufficient_scope", scope="orders"'
    assert refused.headers["WWW-Authenticate"] == challenge


def test_a_user_may_be_optional_but_not_false(served: Served) -> None:
    """Nobody is greeted as a stranger; a bad token is refused all the same."""
    client, headers = served
    assert client.get("/greeting", headers=headers["bob"]).json() == "Hello bob"
    assert client.get("/greeting").json() == "Hello stranger"
    changed = {"Authorization": headers["bob"]["Authorization"][:-6]}
    refused = client.get("/greeting", headers=changed)
    assert refused.status_code == 401
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')


def test_a_websocket_knows_its_user(served: Served) -> None:
    """By the header, or by the protocol that a browser offers; without a token it stays closed."""
    client, headers = served
    with client.websocket_connect("/news", headers=headers["alice"]) as session:
        assert session.receive_text() == "Hello alice"
    token = headers["bob"]["Authorization"].removeprefix("Bearer ")
    with client.websocket_connect("/news", ["bearer", token]) as session:
        assert session.receive_text() == "Hello bob"
    for offered in (None, ["bearer", token[:-6]]):
        with pytest.raises(WebSocketDenialResponse) as caught:
            client.websocket_connect("/news", offered).__enter__()
        assert caught.value.status_code == 401


def test_a_test_may_decide_who_it_is(served: Served) -> None:
    """By the dependency's override; afterwards the token counts again."""
    client, headers = served
    app = client.app
    assert isinstance(app, FastNFuriousAPI)
    app.dependency_overrides[current_user] = lambda: UserClaims(sub="1", roles=("admin",))
    assert client.get("/admin", headers=headers["bob"]).json() == "1"
    app.dependency_overrides.clear()
    assert client.get("/admin", headers=headers["bob"]).status_code == 403
