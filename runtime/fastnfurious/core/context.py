"""What every line of code that runs for one request may know about it.

The trace itself lives in OpenTelemetry's own context, so that any OpenTelemetry library joins in;
only what OpenTelemetry has no place for is kept here.
"""

from __future__ import annotations

from contextvars import ContextVar

__all__ = ["APPLICATION_KEY", "request_id"]

APPLICATION_KEY = "fastnfurious"
"""Where the ASGI scope of a request holds the application that observes it."""

request_id: ContextVar[str | None] = ContextVar("fastnfurious_request_id", default=None)
"""The id of the request or message being handled; ``None`` outside one."""
