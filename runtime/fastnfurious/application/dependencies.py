"""What a handler may ask for by annotation, also in a router that cannot import the application.

The functions behind the annotations are stable, so ``dependency_overrides`` replaces them.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from fastnfurious.application.app import FastNFuriousAPI
from fastnfurious.core.context import APPLICATION_KEY, request_id
from fastnfurious.core.errors import ConfigurationError
from fastnfurious.metrics.integration import Metrics
from fastnfurious.tracing.span import Span
from fastnfurious.tracing.tracer import Tracer

__all__ = [
    "CurrentApp",
    "CurrentSpan",
    "MetricsDependency",
    "RequestId",
    "TracerDependency",
    "current_app",
    "current_metrics",
    "current_request_id",
    "current_span",
    "current_tracer",
]


async def current_app(connection: HTTPConnection) -> FastNFuriousAPI:
    """Return the application that observes the request, with all its integrations.

    Raises:
        ConfigurationError: The route is served by another application.
    """
    return _application(connection)


def _application(connection: HTTPConnection) -> FastNFuriousAPI:
    application: FastNFuriousAPI | None = connection.scope.get(APPLICATION_KEY)
    if application is None:
        raise ConfigurationError("This route is not served by a FastNFuriousAPI: mount it in one")
    return application


async def current_tracer(connection: HTTPConnection) -> Tracer:
    """Return the tracer of the application that observes the request."""
    return _application(connection).tracer


async def current_span(connection: HTTPConnection) -> Span:
    """Return the span of the request."""
    return _application(connection).current_span


async def current_metrics(connection: HTTPConnection) -> Metrics:
    """Return the metrics of the application that observes the request."""
    return _application(connection).metrics


async def current_request_id() -> str | None:
    """Return the id of the request."""
    return request_id.get()


CurrentApp = Annotated[FastNFuriousAPI, Depends(current_app)]
"""The application: ``async def handler(app: CurrentApp)``, for ``app.nats`` and ``app.db``."""

TracerDependency = Annotated[Tracer, Depends(current_tracer)]
"""The tracer: ``async def handler(tracer: TracerDependency)``."""

CurrentSpan = Annotated[Span, Depends(current_span)]
"""The span of the request: ``async def handler(span: CurrentSpan)``."""

MetricsDependency = Annotated[Metrics, Depends(current_metrics)]
"""The metrics: ``async def handler(metrics: MetricsDependency)``."""

RequestId = Annotated[str | None, Depends(current_request_id)]
"""The id of the request: ``async def handler(request_id: RequestId)``."""
