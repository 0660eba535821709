"""What is used of FastAPI's private code, and what stands in when a release has moved it."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["ExceptionTelemetryMiddleware", "RequestTelemetry"]

if TYPE_CHECKING:
    from fastapi.telemetry._api import _RequestTelemetry as RequestTelemetry
    from fastapi.telemetry._asgi import ExceptionTelemetryMiddleware
else:
    try:
        from fastapi.telemetry._api import _RequestTelemetry as RequestTelemetry
        from fastapi.telemetry._asgi import ExceptionTelemetryMiddleware
    except ImportError:

        class RequestTelemetry:
            """Never told a template: each one is looked for among the routes."""

            route = None

        class ExceptionTelemetryMiddleware:
            """Never part of a middleware stack."""
