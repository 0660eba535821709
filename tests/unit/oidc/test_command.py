"""The command that makes tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fastnfurious import FastNFuriousAPI
from fastnfurious.cli.groups import ServiceGroup
from fastnfurious.core import registry
from fastnfurious.core.errors import SettingsError, StartupError
from fastnfurious.core.settings import Environment
from fastnfurious.oidc.command import token_group
from fastnfurious.oidc.user import UserClaims
from fastnfurious.testing.async_client import AsyncTestClient
from tests.unit.oidc.conftest import ENTRY, make_app


class Target:
    """Hold an application, as a service's command does."""

    def __init__(self, app: FastNFuriousAPI) -> None:
        self.app = app

    def load(self) -> FastNFuriousAPI:
        """Return it."""
        return self.app


def run(app: FastNFuriousAPI, *arguments: str) -> Any:
    """Run the command."""
    return CliRunner().invoke(token_group, arguments, obj=Target(app))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep keys in a folder of the test's own."""
    monkeypatch.setenv("OIDC_EMBEDDED_FOLDER", str(tmp_path / "oidc"))
    return tmp_path / "oidc"


async def test_a_running_service_accepts_the_token(folder: Path) -> None:
    """It was started on its own, and shares the key through a file."""
    options = ["--user", "carol", "--role", "admin", "--role", "boss", "--scope", "orders"]
    done = run(make_app(Environment.DEVELOPMENT), *options)
    service = make_app(Environment.DEVELOPMENT)

    @service.get("/users/me")
    async def me(user: UserClaims = service.current_user) -> UserClaims:
        return user

    async with AsyncTestClient(service) as client:
        header = {"Authorization": f"Bearer {done.stdout.strip()}"}
        profile = (await client.get("/users/me", headers=header)).json()
    assert profile["preferred_username"] == "carol"
    assert (profile["roles"], profile["scopes"]) == (["admin", "boss"], ["orders"])


@pytest.mark.parametrize("environment", [Environment.STAGING, Environment.PRODUCTION])
def test_it_makes_none_outside_development(folder: Path, environment: Environment) -> None:
    """And leaves no key behind."""
    done = run(make_app(environment))
    assert isinstance(done.exception, SettingsError)
    assert not folder.exists()


def test_in_a_test_it_would_be_of_no_use(folder: Path) -> None:
    """The keys of the running service are in its memory."""
    done = run(make_app(Environment.TEST))
    assert isinstance(done.exception, StartupError)


def test_a_real_issuer_makes_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says whose tokens count."""
    monkeypatch.setenv("OIDC_ISSUER", "https://id.example.com")
    monkeypatch.setenv("OIDC_AUDIENCE", "shop")
    done = run(make_app(Environment.DEVELOPMENT))
    assert "https://id.example.com is used" in str(done.exception)


def test_a_service_s_command_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name, without being imported for other commands."""
    monkeypatch.setattr(registry, "_BUILT_IN", (ENTRY,))
    group = ServiceGroup(name="shop")
    assert group.get_command(None, "token").name == "token"
