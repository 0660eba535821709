"""Traces: a span for each request, child spans of the service's own, W3C context in and out.

    async with app.tracer.create_child_span("price the basket") as span:
        span.set_tags({"basket.size": 3})

OpenTelemetry is underneath, so any library that is instrumented with it joins the same traces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastnfurious.core.lazy import lazy_names

if TYPE_CHECKING:
    from fastnfurious.tracing.child_span import ChildSpan as ChildSpan
    from fastnfurious.tracing.integration import Tracing as Tracing
    from fastnfurious.tracing.propagation import extract as extract
    from fastnfurious.tracing.propagation import inject as inject
    from fastnfurious.tracing.request_spans import RequestSpan as RequestSpan
    from fastnfurious.tracing.request_spans import RequestSpans as RequestSpans
    from fastnfurious.tracing.settings import TracingSettings as TracingSettings
    from fastnfurious.tracing.span import Span as Span
    from fastnfurious.tracing.testing import RecordedSpan as RecordedSpan
    from fastnfurious.tracing.testing import RecordedSpans as RecordedSpans
    from fastnfurious.tracing.tracer import Tracer as Tracer
else:
    __getattr__, __all__ = lazy_names(
        __name__,
        {
            "ChildSpan": "fastnfurious.tracing.child_span",
            "RecordedSpan": "fastnfurious.tracing.testing",
            "RecordedSpans": "fastnfurious.tracing.testing",
            "RequestSpan": "fastnfurious.tracing.request_spans",
            "RequestSpans": "fastnfurious.tracing.request_spans",
            "Span": "fastnfurious.tracing.span",
            "Tracer": "fastnfurious.tracing.tracer",
            "Tracing": "fastnfurious.tracing.integration",
            "TracingSettings": "fastnfurious.tracing.settings",
            "extract": "fastnfurious.tracing.propagation",
            "inject": "fastnfurious.tracing.propagation",
        },
    )
