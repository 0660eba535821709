"""Traces: a span for each request, child spans of the service's own, W3C context in and out.

    async with app.tracer.create_child_span("price the basket") as span:
        span.set_tags({"basket.size": 3})

OpenTelemetry is underneath, so any library that is instrumented with it joins the same traces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastnfurious.core.lazy import lazy_names

if TYPE_CHECKING:
    from fastnfurious.tracing.child_span import ChildSpan
    from fastnfurious.tracing.integration import Tracing
    from fastnfurious.tracing.propagation import extract, inject
    from fastnfurious.tracing.request_spans import RequestSpan, RequestSpans
    from fastnfurious.tracing.settings import TracingSettings
    from fastnfurious.tracing.span import Span
    from fastnfurious.tracing.testing import RecordedSpan, RecordedSpans
    from fastnfurious.tracing.tracer import Tracer

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
