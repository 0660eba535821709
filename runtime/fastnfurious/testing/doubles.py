"""Finding the doubles that integrations bring for tests.

An integration keeps its recording double in a module called ``testing`` beside its own, with the
pytest fixtures that hand it out; ours and third parties' are found alike, through the registry.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, NoReturn

import pytest

from fastnfurious.core.registry import Registry, RegistryEntry

__all__ = ["register_doubles"]


def register_doubles(plugins: pytest.PytestPluginManager, registry: Registry | None = None) -> None:
    """Make the fixtures of every known integration available to the tests.

    An integration whose driver is missing gets a fixture under its own name that says what to
    install.

    Args:
        plugins: Where pytest keeps its plugins.
        registry: Integrations to look at; by default all that are known.
    """
    registry = Registry.discover() if registry is None else registry
    for entry in map(registry.__getitem__, registry):
        if not entry.installed:
            plugins.register(_Missing(entry), f"fastnfurious-missing-{entry.name}")
        elif find_spec(entry.testing) is not None:
            plugins.import_plugin(entry.testing)


class _Missing:
    """Offer one fixture, which explains why it cannot be had."""

    def __init__(self, entry: RegistryEntry) -> None:
        def explain() -> NoReturn:
            entry.load()
            raise RuntimeError(f"{entry.name} was installed while the tests were running")

        fixture: Any = pytest.fixture(name=entry.name)(explain)
        self.fixture = fixture
