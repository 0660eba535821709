"""The application class."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI

from fastnfurious.application.routing import index_routes
from fastnfurious.application.wiring import Integrations
from fastnfurious.core.registry import Registry
from fastnfurious.core.settings import FastNFuriousSettings

__all__ = ["FastNFuriousAPI"]


class FastNFuriousAPI(FastAPI):
    """Serve an API with logs, traces, metrics, health and problem details switched on.

    Everything that FastAPI can do still works; every argument of FastAPI is accepted.

    Args:
        settings: The service's settings, or the class to load them from when they are first needed.
        integrations: Narrow the integrations to these and open them at start-up; by default all
            that are installed can be used.
        problem_details: Answer errors as RFC 9457 problem details; ``False`` keeps FastAPI's own
            error bodies, for an API whose clients depend on them.
        **options: Passed on to FastAPI.
    """

    def __init__(
        self,
        *,
        settings: FastNFuriousSettings | type[FastNFuriousSettings] = FastNFuriousSettings,
        integrations: Iterable[str] | None = None,
        problem_details: bool = True,
        **options: Any,
    ) -> None:
        self._settings = settings
        self._integrations = Integrations(Registry.discover(), integrations)
        self._problem_details = problem_details
        super().__init__(**options)
        index_routes(self.router)

    @property
    def settings(self) -> FastNFuriousSettings:
        """Return the service's settings, loaded at the first use.

        Raises:
            SettingsError: A variable is missing or malformed.
        """
        if isinstance(self._settings, type):
            self._settings = self._settings.load()
        return self._settings

    def __getattr__(self, name: str) -> Any:
        """Return the resource of an integration, for example ``app.nats``."""
        if name.startswith("_") or name not in self._integrations:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return self._integrations.get(name, self.settings).resource
