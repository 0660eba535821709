"""Every setting is documented, where people look for it."""

from __future__ import annotations

import importlib

import pytest

import settings_table
from fastnfurious.core.integration import IntegrationSettings
from fastnfurious.core.settings import Settings
from tests.architecture.sources import modules


def settings_classes() -> list[type[Settings]]:
    """Return every settings class of the runtime."""
    for module in modules():
        if "Settings" in module.text:
            importlib.import_module(module.name)
    found = [each for each in below(Settings) if each.__module__.startswith("fastnfurious.")]
    return [each for each in found if each is not IntegrationSettings]


def below(settings: type[Settings]) -> list[type[Settings]]:
    """Return the classes below one, at any depth."""
    children = settings.__subclasses__()
    return [*children, *(each for child in children for each in below(child))]


every_class = pytest.mark.parametrize(
    "settings", settings_classes(), ids=lambda settings: settings.__name__
)


@every_class
def test_every_setting_says_what_it_does(settings: type[Settings]) -> None:
    """A description is a sentence, not an empty cell."""
    rows = settings.describe()
    assert [row.variable for row in rows if not row.description.endswith((".", "?"))] == []


@every_class
def test_every_settings_class_documents_itself_and_has_a_prefix_of_its_own(
    settings: type[Settings],
) -> None:
    """A class says what its group is for."""
    assert settings.__doc__ and settings.__doc__ != Settings.__doc__


@every_class
def test_every_setting_is_in_the_table_of_the_docs(settings: type[Settings]) -> None:
    """What can be set can be looked up."""
    table = settings_table.table()
    assert [row.variable for row in settings.describe() if f"`{row.variable}`" not in table] == []


def test_no_two_classes_read_the_same_variable() -> None:
    """A variable means one thing."""
    owners: dict[str, str] = {}
    for settings in settings_classes():
        for row in settings.describe():
            assert owners.setdefault(row.variable, settings.__name__) == settings.__name__
