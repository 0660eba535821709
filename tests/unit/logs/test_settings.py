"""The settings of logs: what is accepted, and what is refused with which words."""

from __future__ import annotations

import pytest

from fastnfurious.core.errors import SettingsError
from fastnfurious.logs.settings import LogFormat, LogSettings


@pytest.mark.parametrize(
    "text",
    [
        "httpx=WARNING,shop.orders=DEBUG",
        " httpx = warning , shop.orders=debug, ",
        '{"httpx": "Warning", "shop.orders": "DEBUG"}',
    ],
)
def test_levels_are_pairs_or_json(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Both spellings give the same levels, whatever their case."""
    monkeypatch.setenv("LOG_LEVELS", text)
    assert LogSettings.load().levels == {"httpx": "WARNING", "shop.orders": "DEBUG"}


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("LOG_LEVEL", "LOUD", r"LOG_LEVEL='LOUD' is not accepted: one of TRACE, DEBUG, INFO"),
        ("LOG_LEVELS", "shop=LOUD", r"LOG_LEVELS.*'LOUD' is not a log level"),
        ("LOG_LEVELS", "shop", r"LOG_LEVELS.*'shop' is not of the form `logger=LEVEL`"),
        ("LOG_LEVELS", "=INFO", r"LOG_LEVELS.*'=INFO' is not of the form"),
        ("LOG_LEVELS", "{shop", r"LOG_LEVELS.*nor JSON"),
        ("LOG_FORMAT", "xml", r"LOG_FORMAT='xml' is not accepted: one of auto, text, json"),
        ("LOG_ACCESS", "perhaps", r"LOG_ACCESS='perhaps' is not accepted"),
        ("LOG_ACCESS_BUFFER", "0", r"LOG_ACCESS_BUFFER='0' is not accepted"),
    ],
)
def test_a_wrong_value_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    """The error names the variable, what was read and what is accepted."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=words):
        LogSettings.load()


def test_the_defaults_suit_production() -> None:
    """Without any setting, INFO lines and access lines are written in the form that fits."""
    settings = LogSettings.load()
    assert (settings.level, settings.format, settings.access) == ("INFO", LogFormat.AUTO, True)


def test_every_setting_is_described() -> None:
    """Each row of the settings table says what the setting does."""
    assert all(row.description for row in LogSettings.describe())
