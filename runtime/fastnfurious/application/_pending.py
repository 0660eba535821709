"""Silent stand-ins for logs, traces and metrics, until those parts are merged."""

from __future__ import annotations

from typing import Any

__all__ = ["Logs", "Metrics", "Tracing"]


class _Part:
    name = "part"

    async def open(self) -> None:
        """Do nothing."""

    async def aclose(self) -> None:
        """Do nothing."""


class _Access:
    def write(self, *args: Any, **values: Any) -> None:
        """Do nothing."""


class Logs(_Part):
    """Log nothing."""

    name = "logs"
    access = _Access()

    def levels(self) -> dict[str, str]:
        """Return no level."""
        return {}

    def set_level(self, logger: str, level: str) -> None:
        """Do nothing."""


class _Span:
    trace_id = "0" * 32
    span_id = "0" * 16
    exemplar: str | None = None

    def finish(self, route: str | None, status: int | None, error: BaseException | None) -> None:
        """Do nothing."""


class _Spans:
    def start(self, scope: Any) -> _Span:
        """Return a span that records nothing."""
        return _Span()


class Tracing(_Part):
    """Trace nothing."""

    name = "tracing"
    requests = _Spans()
    tracer: Any = None


class _Http:
    def request_started(self) -> None:
        """Do nothing."""

    def request_finished(self, *args: Any) -> None:
        """Do nothing."""

    def websocket_opened(self, *args: Any) -> None:
        """Do nothing."""

    def websocket_closed(self, *args: Any) -> None:
        """Do nothing."""


class Metrics(_Part):
    """Measure nothing."""

    name = "metrics"
    http = _Http()

    def render(self, accept: str | None) -> tuple[bytes, str]:
        """Return an empty page."""
        return b"", "text/plain"
