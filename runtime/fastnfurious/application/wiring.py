"""Putting an application's parts together: which integrations it has, what is opened, and when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastnfurious.core.errors import IntegrationNotEnabled
from fastnfurious.core.health import Health
from fastnfurious.core.integration import Integration
from fastnfurious.core.registry import Registry
from fastnfurious.core.settings import FastNFuriousSettings

__all__ = ["Integrations"]


class Integrations:
    """Hold the integrations of one application; each is loaded when it is first asked for.

    Args:
        registry: Every integration that is known.
        names: Those that the application named, opened at start-up; ``None`` allows all of them.
    """

    name = "integrations"

    def __init__(self, registry: Registry, names: Iterable[str] | None = None) -> None:
        self._registry = registry
        self._names = None if names is None else tuple(names)
        self._loaded: dict[str, Integration] = {}
        for name in self._names or ():
            registry[name]

    def __contains__(self, name: object) -> bool:
        """Return whether an integration of that name is known, enabled or not."""
        return name in self._registry

    def prepare(self, service: FastNFuriousSettings, health: Health) -> None:
        """Say for whom the integrations are opened."""

    async def open(self) -> None:
        """Open."""

    async def drain(self) -> None:
        """Drain."""

    async def aclose(self) -> None:
        """Close."""

    def get(self, name: str, service: FastNFuriousSettings) -> Integration:
        """Return an integration, loaded but not opened.

        Raises:
            UnknownIntegration: Nothing has that name.
            IntegrationNotEnabled: The application left it out.
            IntegrationNotInstalled: A driver is missing.
            SettingsError: Its settings are wrong.
        """
        if name not in self._loaded:
            self._loaded[name] = self._load(name, service)
        return self._loaded[name]

    def _load(self, name: str, service: FastNFuriousSettings) -> Integration:
        entry = self._registry[name]
        if self._names is not None and name not in self._names:
            raise IntegrationNotEnabled(
                f"This application leaves {name!r} out: add it to integrations=[…]"
            )
        integration: Any = entry.load()
        loaded: Integration = integration(integration.settings_class.load(), service)
        return loaded
