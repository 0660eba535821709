"""What a service uses to make spans of its own: ``app.tracer``."""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind

from fastnfurious.tracing.child_span import ChildSpan
from fastnfurious.tracing.pipeline import Pipeline
from fastnfurious.tracing.span import Span

__all__ = ["Tracer"]


class Tracer:
    """Make child spans, and find the current one.

    Args:
        pipeline: Where spans go.

    Example:
        >>> tracer = Tracer(Pipeline())
        >>> with tracer.create_child_span("price the basket", size=3) as span:
        ...     span.set_tags({"basket.currency": "EUR"})
        >>> @tracer.create_child_span("price one item")
        ... def price(item: str) -> int:
        ...     return len(item)
        >>> price("tea")
        3
    """

    __slots__ = ("_pipeline",)

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def create_child_span(
        self,
        name: str,
        /,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        context: Context | None = None,
        **tags: object,
    ) -> ChildSpan:
        """Return a span to be opened with ``async with``, ``with``, or as a decorator.

        Args:
            name: What is done, with few different values: ids belong into tags.
            kind: Part in a conversation with another service, as OpenTelemetry defines it.
            context: Parent, from `extract`; the current span by default.
            **tags: Attributes; use `Span.set_tags` for names with dots.
        """
        return ChildSpan(self._pipeline, name, kind, context, tags)

    @property
    def current_span(self) -> Span:
        """Return the current span; outside a trace one that keeps nothing."""
        return Span(trace.get_current_span())
