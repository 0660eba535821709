"""Addresses are taken as people write them, and wrong ones are named by their variable."""

from __future__ import annotations

import pytest

from fastnfurious.core.errors import SettingsError, StartupError
from fastnfurious.sql import connecting
from fastnfurious.sql.connecting import driver_url, system_of
from fastnfurious.sql.settings import SqlSettings


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("postgresql://a:b@c:5432/d", "postgresql+asyncpg://a:b@c:5432/d"),
        ("postgres://c/d?sslmode=require", "postgresql+asyncpg://c/d?ssl=require"),
        ("postgresql+psycopg://c/d?sslmode=require", "postgresql+psycopg://c/d?sslmode=require"),
        ("sqlite:////tmp/a b.sqlite3", "sqlite+aiosqlite:////tmp/a b.sqlite3"),
        ("sqlite:///a.sqlite3", "sqlite+aiosqlite:///a.sqlite3"),
    ],
)
def test_the_driver_is_filled_in(written: str, used: str) -> None:
    """One that is named is kept."""
    assert driver_url(written) == used


def test_the_product_is_known() -> None:
    """It is called what OpenTelemetry calls it."""
    assert system_of("postgres://a/b") == "postgresql"


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    monkeypatch.setattr(connecting, "find_spec", lambda name: None)
    with pytest.raises(StartupError, match="pip install asyncmy"):
        driver_url("mysql://a/b")


@pytest.mark.parametrize("value", ["localhost", "redis://a/0", "postgresql://user:hush@host"])
def test_a_wrong_address_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named, the value is not shown."""
    monkeypatch.setenv("DATABASE_URL", value)
    with pytest.raises(SettingsError, match="DATABASE_URL") as caught:
        SqlSettings.load()
    assert value not in str(caught.value)
