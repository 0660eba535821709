"""An application with users."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter, WebSocket
from starlette.testclient import TestClient

from fastnfurious import FastNFuriousAPI, FastNFuriousSettings
from fastnfurious.core.registry import Registry, RegistryEntry
from fastnfurious.core.settings import Environment
from fastnfurious.oidc.dependencies import CurrentUser, OptionalUser
from fastnfurious.oidc.fixtures import login
from fastnfurious.schemas import UserClaims

__all__ = ["ENTRY", "app", "client", "login", "make_app"]

ENTRY = RegistryEntry(
    "oidc",
    "fastnfurious.oidc.integration:OidcIntegration",
    "fastnfurious[oidc]",
    ("httpx", "joserfc"),
    ("current_user", "optional_user", "require"),
    "fastnfurious.oidc.command:token_group",
)


def make_app(environment: Environment = Environment.TEST, **options: Any) -> FastNFuriousAPI:
    """Return an application that has the integration, without routes."""
    settings = FastNFuriousSettings(environment=environment, service_name="shop")
    app = FastNFuriousAPI(settings=settings, **options)
    app.integrations.registry = Registry([ENTRY])
    return app


@pytest.fixture
def app() -> FastNFuriousAPI:
    """Return an application whose handlers ask for the user in every way."""
    app = make_app()
    router = APIRouter()

    @app.get("/users/me", response_model=UserClaims)
    async def me(user: UserClaims = app.current_user) -> UserClaims:
        return user

    @app.get("/greeting")
    async def greet(user: UserClaims | None = app.optional_user) -> str:
        return f"Hello {user.preferred_username if user else 'stranger'}"

    @app.get("/orders")
    async def orders(user: UserClaims = app.require(roles="admin", scopes="orders")) -> str:
        return user.sub

    @app.delete("/orders", dependencies=[app.require(roles=["admin", "boss"])])
    async def delete_orders() -> None: ...

    @router.get("/routed")
    async def routed(user: CurrentUser) -> str:
        return str(user.preferred_username)

    @router.get("/perhaps")
    async def perhaps(user: OptionalUser) -> bool:
        return user is not None

    @app.websocket("/ws")
    async def talk(websocket: WebSocket, user: CurrentUser) -> None:
        await websocket.accept("bearer" if websocket.scope["subprotocols"] else None)
        await websocket.send_text(str(user.preferred_username))
        await websocket.close()

    app.include_router(router)
    return app


@pytest.fixture
def client(app: FastNFuriousAPI) -> Iterator[TestClient]:
    """Return a client of the started application."""
    with TestClient(app) as client:
        yield client
