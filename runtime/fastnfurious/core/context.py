"""What every line of code that runs for one request may know about it.

The trace itself lives in OpenTelemetry's own context, so that any OpenTelemetry library joins in;
only what OpenTelemetry has no place for is kept here.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol

__all__ = ["APPLICATION_KEY", "OpenConnection", "open_connection", "request_id"]


class OpenConnection(Protocol):
    """A connection that a client holds open, such as a websocket."""

    async def wait_closed(self) -> None:
        """Return when either side has closed it; at once if it never was open."""
        ...


APPLICATION_KEY = "fastnfurious"
"""Where the ASGI scope of a request holds the application that observes it."""

request_id: ContextVar[str | None] = ContextVar("fastnfurious_request_id", default=None)
"""The id of the request or message being handled; ``None`` outside one."""

open_connection: ContextVar[OpenConnection | None] = ContextVar(
    "fastnfurious_open_connection", default=None
)
"""The websocket being handled; ``None`` outside one."""
