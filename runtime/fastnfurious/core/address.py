"""The address of the service itself, as its clients see it."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

__all__ = ["current_request", "listening_at", "service_address"]

listening_at: ContextVar[str] = ContextVar(
    "fastnfurious_listening_at", default="http://127.0.0.1:8000"
)
"""Where the process listens; whoever opens the port says so before anything is served."""

current_request: ContextVar[tuple[Mapping[str, Any], str] | None] = ContextVar(
    "fastnfurious_current_request", default=None
)
"""The ASGI scope of the request being handled, and the path that the application is served below.

It is kept in development and test alone: only stand-ins lead clients back to the service.
"""

_SCHEMES = {"ws": "http", "wss": "https"}


def service_address() -> str:
    """Return the address that leads to this service, without a slash at its end.

    While a request is handled it is the one that its client has used; otherwise the one that the
    process listens on.

    Example:
        >>> service_address()
        'http://127.0.0.1:8000'
    """
    request = current_request.get()
    if request is None:
        return listening_at.get()
    scope, root = request
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    if not host:
        return listening_at.get()
    scheme = scope.get("scheme", "http")
    return f"{_SCHEMES.get(scheme, scheme)}://{host.decode('latin-1')}{root.rstrip('/')}"
