"""What the parts of an application need of the application, so that none of them imports it."""

from __future__ import annotations

from typing import Protocol

from fastapi.routing import APIRouter
from starlette.routing import BaseRoute

from fastnfurious.application.lifecycle import Lifecycle
from fastnfurious.core.health import Health
from fastnfurious.core.identifiers import IdentifierFactory
from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.logs.integration import Logs
from fastnfurious.metrics.integration import Metrics
from fastnfurious.tracing.integration import Tracing

__all__ = ["Owner"]


class Owner(Protocol):
    """Give access to what an application is made of.

    Attributes:
        identifiers: Makes request ids.
        lifecycle: Where the application is between start and stop.
        problem_details: Whether errors are answered as problem details.
        router: The router, with the application's own routes.
    """

    identifiers: IdentifierFactory
    lifecycle: Lifecycle
    problem_details: bool
    router: APIRouter

    @property
    def routes(self) -> list[BaseRoute]:
        """Return the application's own routes."""
        ...

    @property
    def settings(self) -> FastNFuriousSettings:
        """Return the service's settings."""
        ...

    @property
    def logs(self) -> Logs:
        """Return what formats and writes the logs."""
        ...

    @property
    def tracing(self) -> Tracing:
        """Return what records and exports spans."""
        ...

    @property
    def metrics(self) -> Metrics:
        """Return the metrics."""
        ...

    @property
    def health(self) -> Health:
        """Return where health checks are registered."""
        ...
