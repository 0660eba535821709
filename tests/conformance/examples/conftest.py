"""Everything at once: all backing services embedded, and all of them real."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from fastnfurious import FastNFuriousAPI
from fastnfurious.oidc.testing import Login
from fastnfurious.sql.client import SqlClient
from fastnfurious.sql.settings import SqlSettings
from servers.plugin import Backing

SERVERS = ("nats", "minio", "keycloak", "postgres")


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as an application does."""
    return "asyncio"


@dataclass(frozen=True, slots=True)
class World:
    """Know which backing services the environment names, and how a user logs in there."""

    is_real: bool

    async def token(self, app: FastNFuriousAPI, user: str) -> str:
        """Return the token with which a user calls."""
        if not self.is_real:
            return Login(app).token(user, roles=["admin"])
        form = {
            "grant_type": "password",
            "client_id": os.environ["OIDC_CLIENT_ID"],
            "client_secret": os.environ["OIDC_CLIENT_SECRET"],
            "scope": "openid",
            "username": user,
            "password": user,
        }
        async with httpx2.AsyncClient(timeout=10) as http:
            answer = await http.post(
                f"{os.environ['OIDC_ISSUER']}/protocol/openid-connect/token", data=form
            )
        return str(answer.raise_for_status().json()["access_token"])


@pytest.fixture(params=["embedded", "real"])
def world(
    request: pytest.FixtureRequest,
    backing: Backing,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """Point the environment at the stand-ins, then at the servers; the database is new."""
    monkeypatch.setenv("ENVIRONMENT", "test")
    if request.param == "embedded":
        backing("examples")
        monkeypatch.setenv("DATABASE_FILE", str(tmp_path / "database.sqlite3"))
        yield World(is_real=False)
        return
    for name in SERVERS:
        endpoint = backing("examples", name)
        assert endpoint is not None
        for variable, value in endpoint.settings.items():
            monkeypatch.setenv(variable, value)
    name = f"examples_{uuid4().hex}"
    address = os.environ["DATABASE_URL"]
    asyncio.run(_execute(address, f"CREATE DATABASE {name}"))
    monkeypatch.setenv("DATABASE_URL", f"{address.rpartition('/')[0]}/{name}")
    yield World(is_real=True)
    asyncio.run(_execute(address, f"DROP DATABASE {name} WITH (FORCE)"))


async def _execute(address: str, statement: str) -> None:
    server = SqlClient(address, SqlSettings())
    await server.execute(statement)
    await server.aclose()
