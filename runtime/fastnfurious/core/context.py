"""What every line of code that runs for one request may know about it.

The trace itself lives in OpenTelemetry's own context, so that any OpenTelemetry library joins in;
only what OpenTelemetry has no place for is kept here.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any, Protocol

__all__ = [
    "APPLICATION_KEY",
    "CurrentExchange",
    "OpenConnection",
    "current_exchange",
    "open_connection",
    "request_id",
    "require_client",
]


class CurrentExchange(Protocol):
    """A request and its answer, or a websocket.

    Attributes:
        scope: The ASGI scope.
        root_path: Path that the application is served below.
    """

    scope: MutableMapping[str, Any]
    root_path: str

    def require_client(self) -> None:
        """Raise if the client has left before it had the whole answer."""
        ...


class OpenConnection(Protocol):
    """A connection that a client holds open, such as a websocket."""

    async def wait_closed(self) -> None:
        """Return when either side has closed it; at once if it never was open."""
        ...


APPLICATION_KEY = "fastnfurious"
"""Where the ASGI scope of a request holds the application that observes it."""

request_id: ContextVar[str | None] = ContextVar("fastnfurious_request_id", default=None)
"""The id of the request or message being handled; ``None`` outside one."""

current_exchange: ContextVar[CurrentExchange | None] = ContextVar(
    "fastnfurious_exchange", default=None
)
"""The request or websocket being handled; ``None`` outside one."""

open_connection: ContextVar[OpenConnection | None] = ContextVar(
    "fastnfurious_open_connection", default=None
)
"""The websocket being handled; ``None`` outside one."""


def require_client() -> None:
    """Make sure that somebody still waits for the answer, before something becomes permanent.

    Outside a request, after its answer and over a websocket nothing happens.

    Raises:
        ClientDisconnect: The client of the current request has left (Starlette's exception).
    """
    exchange = current_exchange.get()
    if exchange is not None:
        exchange.require_client()
