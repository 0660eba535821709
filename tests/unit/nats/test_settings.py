"""Settings: what is refused, what is shown, and what never is."""

from __future__ import annotations

import pytest

from fastnfurious.core.errors import SettingsError
from fastnfurious.core.settings import Environment
from fastnfurious.nats import NatsSettings


@pytest.mark.parametrize("url", ["localhost", "http://bus", "nats://", "nats://bus:http"])
def test_a_wrong_address_is_refused_by_the_name_of_the_variable(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """Before anything connects."""
    monkeypatch.setenv("NATS_URL", url)
    with pytest.raises(SettingsError, match="NATS_URL"):
        NatsSettings.load()


def test_secrets_are_not_shown() -> None:
    """Neither those of the address nor the others."""
    settings = NatsSettings.load(url="nats://a:hunter2@bus", password="hunter2", token="hunter2")
    shown = f"{settings!r} {settings.shown_address} {settings.explain()}"
    assert "hunter2" not in shown


def test_in_production_an_address_is_needed() -> None:
    """Unless the stand-in is asked for by name."""
    with pytest.raises(SettingsError, match="NATS_URL is not set.*NATS_MODE=embedded"):
        NatsSettings.load().choose_mode(Environment.PRODUCTION)
