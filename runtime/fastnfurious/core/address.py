"""The address of the service itself, as its clients see it."""

from __future__ import annotations

from contextvars import ContextVar

from fastnfurious.core.context import current_exchange

__all__ = ["listening_at", "service_address"]

listening_at: ContextVar[str] = ContextVar(
    "fastnfurious_listening_at", default="http://127.0.0.1:8000"
)
"""Where the process listens; whoever opens the port says so before anything is served."""

_SCHEMES = {"ws": "http", "wss": "https"}


def service_address() -> str:
    """Return the address that leads to this service, without a slash at its end.

    While a request is handled it is the one that its client has used; otherwise the one that the
    process listens on. Only a stand-in may rely on it: a client writes what it likes.

    Example:
        >>> service_address()
        'http://127.0.0.1:8000'
    """
    exchange = current_exchange.get()
    if exchange is None:
        return listening_at.get()
    host = next((value for name, value in exchange.scope["headers"] if name == b"host"), b"")
    if not host:
        return listening_at.get()
    scheme = exchange.scope.get("scheme", "http")
    root = exchange.root_path.rstrip("/")
    return f"{_SCHEMES.get(scheme, scheme)}://{host.decode('latin-1')}{root}"
