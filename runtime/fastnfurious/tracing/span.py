"""A span as services see it: tags, events and errors, whatever OpenTelemetry calls them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.util.types import AnyValue

__all__ = ["Span", "attribute", "attributes", "error_type"]

_PLAIN = (str, bool, int, float)


class Span:
    """Describe what a service is doing; a span that is not recorded keeps nothing.

    Args:
        otel: The OpenTelemetry span underneath.

    Attributes:
        otel: The same, for libraries that want it.

    Example:
        >>> span = Span(trace.INVALID_SPAN)
        >>> span.set_tags({"basket.size": 3})
        >>> span.is_recorded
        False
    """

    __slots__ = ("otel",)

    def __init__(self, otel: trace.Span) -> None:
        self.otel = otel

    @property
    def trace_id(self) -> str:
        """Return the trace's id, 32 hexadecimal digits; all zero outside a trace."""
        return f"{self.otel.get_span_context().trace_id:032x}"

    @property
    def span_id(self) -> str:
        """Return the span's id, 16 hexadecimal digits; all zero outside a trace."""
        return f"{self.otel.get_span_context().span_id:016x}"

    @property
    def is_recorded(self) -> bool:
        """Return whether what is set on the span is kept."""
        return self.otel.is_recording()

    def set_tag(self, name: str, value: object) -> None:
        """Set one attribute; a value that OpenTelemetry has no type for is kept as text.

        Args:
            name: Name, by convention dotted and in lower case.
            value: ``None`` leaves the attribute out.
        """
        if value is not None and self.otel.is_recording():
            self.otel.set_attribute(name, attribute(value))

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Set several attributes, as `set_tag` does."""
        if self.otel.is_recording():
            self.otel.set_attributes(attributes(tags))

    def add_event(self, name: str, tags: Mapping[str, object] | None = None) -> None:
        """Note that something happened, at this moment."""
        if self.otel.is_recording():
            self.otel.add_event(name, attributes(tags or {}))

    def record_error(self, error: BaseException) -> None:
        """Mark the span as failed and keep the error with its stack trace."""
        if not self.otel.is_recording():
            return
        self.otel.record_exception(error)
        self.otel.set_attribute("error.type", error_type(error))
        self.otel.set_status(trace.StatusCode.ERROR, f"{type(error).__name__}: {error}")

    def __repr__(self) -> str:
        """Return the ids."""
        return f"<Span trace_id={self.trace_id} span_id={self.span_id}>"


def attributes(tags: Mapping[str, object]) -> dict[str, AnyValue]:
    """Return tags as OpenTelemetry attributes, without those that are ``None``."""
    return {name: attribute(value) for name, value in tags.items() if value is not None}


def attribute(value: Any) -> AnyValue:
    """Return a value as OpenTelemetry can keep it."""
    if type(value) in _PLAIN:
        return value  # type: ignore[no-any-return]
    if isinstance(value, (list, tuple)):
        return [attribute(item) for item in value]
    return str(value)


def error_type(error: BaseException) -> str:
    """Return the full name of an error's class, as the attribute ``error.type`` wants it."""
    kind = type(error)
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"
