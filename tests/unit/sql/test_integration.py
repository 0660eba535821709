"""The database is opened with the application, and says what is wrong by the setting's name."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from fastnfurious.core.errors import SettingsError
from fastnfurious.core.health import HealthStatus
from fastnfurious.core.integration import Mode
from fastnfurious.core.settings import Environment, FastNFuriousSettings
from fastnfurious.sql.errors import DatabaseUnavailable
from fastnfurious.sql.integration import SqlIntegration
from fastnfurious.sql.settings import SqlSettings
from fastnfurious.sql.testing import RecordedDatabase

DEVELOPMENT = FastNFuriousSettings(environment=Environment.DEVELOPMENT)
PRODUCTION = FastNFuriousSettings(environment=Environment.PRODUCTION)


async def test_the_embedded_database_is_a_file(tmp_path: Path) -> None:
    """It is there with the first statement, and keeps what it is told."""
    settings = SqlSettings(file=tmp_path / "deep" / "shop.sqlite3")
    for _ in range(2):
        integration = SqlIntegration(settings, DEVELOPMENT)
        await integration.resource.execute("CREATE TABLE IF NOT EXISTS t (a INTEGER)")
        await integration.resource.execute("INSERT INTO t VALUES (1)")
        count = await integration.resource.execute("SELECT count(*) AS n FROM t").scalar()
        await integration.aclose()
        await integration.aclose()
    assert count == 2
    assert integration.status.mode is Mode.EMBEDDED
    assert settings.file.exists()


async def test_the_embedded_database_keeps_its_rules(tmp_path: Path) -> None:
    """Foreign keys are on, and readers do not wait for a writer."""
    recorded = RecordedDatabase(tmp_path)
    assert await recorded.database.execute("PRAGMA foreign_keys").scalar() == 1
    assert await recorded.database.execute("PRAGMA journal_mode").scalar() == "wal"
    await recorded.integration.aclose()


def test_production_needs_an_address() -> None:
    """A stand-in is not shipped by accident."""
    with pytest.raises(SettingsError, match="DATABASE_URL is not set"):
        SqlIntegration(SqlSettings(), PRODUCTION).resource


async def test_a_database_that_is_away_does_not_stop_the_start(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The check fails until it is there, without showing the password."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings = SqlSettings(url=f"postgresql://ann:hush@127.0.0.1:{port}/shop")
    integration = SqlIntegration(settings, PRODUCTION)
    await integration.open()
    assert "the service starts without it" in caplog.text
    result = await integration.check()
    assert result.status is HealthStatus.FAIL
    with pytest.raises(DatabaseUnavailable, match="address in DATABASE_URL") as caught:
        await integration.resource.execute("SELECT 1").all()
    assert caught.value.status == 503
    shown = f"{integration.status} {result} {caplog.text} {caught.value} {settings!r}"
    assert "hush" not in shown
    await integration.aclose()


async def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """By its setting, whatever SQLite says."""
    integration = SqlIntegration(SqlSettings(file=tmp_path), DEVELOPMENT)
    with pytest.raises(DatabaseUnavailable, match="DATABASE_FILE"):
        await integration.resource.execute("SELECT 1").all()
    await integration.aclose()


async def test_a_double_remembers_and_fails_on_demand(tmp_path: Path) -> None:
    """Statements are kept with their values; a fault happens once."""
    recorded = RecordedDatabase(tmp_path)
    recorded.fail(DatabaseUnavailable("away"), when="two")
    assert await recorded.database.execute("SELECT :a AS one", {"a": 1}).scalar() == 1
    with pytest.raises(DatabaseUnavailable, match="away"):
        await recorded.database.execute("SELECT 2 AS two").scalar()
    assert await recorded.database.execute("SELECT 2 AS two").scalar() == 2
    assert [statement.parameters for statement in recorded.statements] == [{"a": 1}, None, None]
    await recorded.integration.aclose()
