"""Exemplars: the trace that a measurement belongs to, for a click from a graph to a trace."""

from __future__ import annotations

from opentelemetry import trace

__all__ = ["current_exemplar"]


def current_exemplar() -> dict[str, str] | None:
    """Return the current trace if it is recorded, for OpenMetrics; ``None`` otherwise."""
    context = trace.get_current_span().get_span_context()
    if not context.trace_flags.sampled:
        return None
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
