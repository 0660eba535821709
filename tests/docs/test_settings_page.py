"""The page of settings is complete: every variable is there, with what it does."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

import reference
import settings_table
from fastnfurious.core.integration import IntegrationSettings
from fastnfurious.core.settings import Settings


def _known() -> list[type[Settings]]:
    for name, _ in reference.public_modules():
        importlib.import_module(name)
    found: list[type[Settings]] = []
    waiting: list[type[Settings]] = [Settings]
    while waiting:
        children = waiting.pop().__subclasses__()
        found += [child for child in children if _is_of_the_library(child)]
        waiting += children
    return found


def _is_of_the_library(child: type[Settings]) -> bool:
    """Return whether a class stands in a module of ours, and was not made for one service."""
    module = sys.modules[child.__module__]
    return child.__module__.startswith("fastnfurious.") and hasattr(module, child.__name__)


def test_every_settings_class_is_on_the_page() -> None:
    """A settings class of the library cannot be forgotten."""
    assert set(_known()) - {IntegrationSettings} == set(settings_table.settings_classes())


@pytest.mark.parametrize("settings", settings_table.settings_classes())
def test_every_setting_says_what_it_does(settings: type[Settings]) -> None:
    """Each variable has a description that is a sentence."""
    unclear = [row.variable for row in settings.describe() if not row.description.endswith(".")]
    assert not unclear


def test_every_variable_is_on_the_built_page(site: Path) -> None:
    """The page of the site names each variable."""
    page = (site / "reference" / "settings" / "index.html").read_text(encoding="utf-8")
    variables = [
        row.variable for each in settings_table.settings_classes() for row in each.describe()
    ]
    assert not [variable for variable in variables if f"<code>{variable}</code>" not in page]
