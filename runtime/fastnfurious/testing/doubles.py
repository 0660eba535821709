"""Finding the doubles that integrations bring for tests.

The pytest fixtures that hand them out are in a module called ``fixtures`` beside the integration's
own; ours and third parties' are found alike, through the registry. That module is imported in every
run of a service's tests, so it imports the double, from ``testing``, when a test asks for it.
"""

from __future__ import annotations

from importlib.util import find_spec
from types import ModuleType

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
            plugins.register(_explanation(entry), f"fastnfurious-missing-{entry.name}")
        elif _exists(entry.fixtures):
            plugins.import_plugin(entry.fixtures)


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _explanation(entry: RegistryEntry) -> ModuleType:
    """Return a plugin with one fixture, which says why it cannot be had."""

    @pytest.fixture(name=entry.name)
    def explain() -> None:
        entry.load()

    # Pytest looks for fixtures on the type of a plugin, unless the plugin is a module.
    plugin = ModuleType(f"missing_{entry.name}")
    setattr(plugin, entry.name, explain)
    return plugin
