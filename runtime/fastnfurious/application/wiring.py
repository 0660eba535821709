"""Putting an application's parts together: which integrations it has, what is opened, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import cached_property
from typing import Any

from loguru import logger

from fastnfurious.application.owner import Owner
from fastnfurious.core.errors import (
    IntegrationError,
    IntegrationNotEnabled,
    SettingFault,
    SettingsError,
    StartupError,
    UnknownIntegration,
)
from fastnfurious.core.health import HealthSettings
from fastnfurious.core.integration import Handled, Integration, Mode
from fastnfurious.core.lifespan import open_part
from fastnfurious.core.registry import Registry
from fastnfurious.core.settings import FastNFuriousSettings, Settings
from fastnfurious.logs.settings import LogSettings
from fastnfurious.metrics.settings import MetricsSettings
from fastnfurious.tracing.settings import TracingSettings

__all__ = ["Integrations", "settings_classes"]


class Integrations:
    """Hold the integrations of one application; each is loaded when it is first asked for.

    Remote ones, those that the application names, and those that were asked for before the start,
    are opened at start-up. Any other embedded one opens itself when it is first used, so one that
    nobody uses costs nothing.

    Args:
        owner: The application.
        names: Those that the application named; ``None`` allows all that are installed.
        registry: Every integration that is known; by default found when first needed.

    Raises:
        UnknownIntegration: An integration of that name does not exist.
    """

    name = "integrations"

    def __init__(
        self, owner: Owner, names: Iterable[str] | None = None, registry: Registry | None = None
    ) -> None:
        self._owner = owner
        self._names = None if names is None else tuple(names)
        self._loaded: dict[str, Integration] = {}
        self._awaited: dict[str, list[Callable[[Integration], None]]] = {}
        if registry is not None:
            self.registry = registry
        for name in self._names or ():
            self.registry[name]

    @cached_property
    def registry(self) -> Registry:
        """Return every integration that is known: ours and those of installed plugins."""
        return Registry.discover()

    def __contains__(self, name: object) -> bool:
        """Return whether an integration of that name is known, enabled or not."""
        return name in self.registry

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names that the application can use, in the order of opening."""
        if self._names is not None:
            return iter(self._names)
        return (name for name in self.registry if self.registry[name].installed)

    @property
    def is_untouched(self) -> bool:
        """Return whether nothing was named and nothing has been loaded."""
        return self._names is None and not self._loaded

    def get(self, name: str) -> Integration:
        """Return an integration, loaded but not opened.

        Raises:
            UnknownIntegration: Nothing has that name.
            IntegrationNotEnabled: The application left it out.
            IntegrationNotInstalled: A driver is missing.
            SettingsError: Its settings are wrong, or an embedded stand-in is not allowed here.
        """
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    @property
    def handled(self) -> list[Handled]:
        """Return what the application handles that comes to it other than by HTTP.

        Raises:
            SettingsError: The settings of an integration that was waited for are wrong.
        """
        for name in self._awaited:
            self.get(name)
        return [each for integration in self._loaded.values() for each in integration.handled]

    def when_loaded(self, name: str, act: Callable[[Integration], None]) -> None:
        """Call a function with an integration as soon as it is loaded; its settings wait till then.

        Args:
            name: Name of the integration.
            act: The function.
        """
        self._awaited.setdefault(name, []).append(act)

    def gives(self, attribute: str) -> bool:
        """Return whether an integration gives the application a further attribute."""
        return self.registry.giver(attribute) is not None

    def attribute(self, name: str) -> Any:
        """Return a further attribute of the application; its integration need not be opened.

        Raises:
            IntegrationNotEnabled: The application left the integration out.
            IntegrationNotInstalled: A driver is missing.
        """
        entry = self.registry.giver(name)
        if entry is None:
            raise UnknownIntegration(f"No integration gives an application {name!r}")
        self._require_enabled(entry.name)
        return self._import(entry.name).attribute(name, lambda: self.get(entry.name).resource)

    @contextmanager
    def replaced(self, name: str, integration: Integration) -> Iterator[None]:
        """Put another integration in a name's place for the length of a ``with`` block.

        Tests hand in a recording double; the application does not notice.

        Raises:
            UnknownIntegration: Nothing has that name.
        """
        self.registry[name]
        before = self._loaded.get(name)
        self._loaded[name] = integration
        try:
            yield
        finally:
            self._loaded.pop(name)
            if before is not None:
                self._loaded[name] = before

    async def open(self) -> None:
        """Open those that are named or remote, in order.

        Raises:
            SettingsError: Settings are wrong; those of all integrations are checked first.
            StartupError: One could not be opened.
        """
        for name in self._opened_at_start():
            await open_part(self.get(name))

    async def drain(self) -> None:
        """Let all of them finish the messages that they hold, at the same time."""
        draining = [integration.drain() for integration in self._loaded.values()]
        outcomes = await asyncio.gather(*draining, return_exceptions=True)
        for name, outcome in zip(list(self._loaded), outcomes, strict=False):
            if isinstance(outcome, BaseException):
                logger.opt(exception=outcome).error("{} could not be drained", name)

    async def aclose(self) -> None:
        """Close all that were loaded, in reverse; an error of one does not keep others open."""
        async with AsyncExitStack() as stack:
            for integration in self._loaded.values():
                stack.push_async_callback(integration.aclose)

    def modes(self) -> dict[str, Mode]:
        """Return where the backing service of each integration runs, by name.

        Raises:
            SettingsError: Settings are wrong; the faults of all integrations are listed.
        """
        modes, faults = {}, list[SettingFault]()
        for name in self:
            try:
                modes[name] = self._describe(name)[2]
            except SettingsError as error:
                faults.extend(error.faults)
        if faults:
            raise SettingsError(faults)
        return modes

    def _opened_at_start(self) -> list[str]:
        modes = self.modes().items()
        wanted = set(self._names or ()) | self._loaded.keys()
        return [name for name, mode in modes if name in wanted or mode is Mode.REMOTE]

    def _describe(self, name: str) -> tuple[type[Integration], Settings, Mode]:
        integration = self._import(name)
        settings = integration.settings_class.load()
        return integration, settings, integration.mode_of(settings, self._owner.settings)

    def _import(self, name: str) -> type[Integration]:
        try:
            return self.registry[name].load()
        except IntegrationError:
            raise
        except (ImportError, AttributeError) as error:
            raise StartupError(
                f"The integration {name!r} is installed, but cannot be imported: {error}"
            ) from error

    def _require_enabled(self, name: str) -> None:
        if self._names is not None and name not in self._names:
            raise IntegrationNotEnabled(
                f"This application leaves {name!r} out: add it to integrations=[…]"
            )

    def _load(self, name: str) -> Integration:
        self.registry[name]
        self._require_enabled(name)
        integration, settings, _ = self._describe(name)
        self._owner.logs.redact(settings)
        loaded = integration(settings, self._owner.settings)
        loaded.instruments = self._owner.metrics
        health = self._owner.health
        health.add(
            name,
            loaded.check,
            grace=health.settings.grace_seconds,
            component_type=loaded.component_type,
        )
        for act in self._awaited.get(name, ()):
            act(loaded)
        return loaded


def settings_classes(app: Any = None) -> list[type[Settings]]:
    """Return the settings that a service reads, those of its integrations included.

    Args:
        app: The application; without one, what every service reads, with all known integrations.
    """
    chassis: list[type[Settings]] = [
        LogSettings,
        TracingSettings,
        MetricsSettings,
        HealthSettings,
    ]
    service = FastNFuriousSettings if app is None else type(app.settings)
    registry = Registry.discover() if app is None else app.integrations.registry
    names = registry if app is None else app.integrations
    found = [registry[name] for name in names]
    loaded = [entry.load().settings_class for entry in found if entry.installed]
    return [service, *chassis, *loaded]
