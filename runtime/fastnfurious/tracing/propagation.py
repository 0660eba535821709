"""Taking a trace along to another service, and taking it up again there.

*Source:* https://www.w3.org/TR/trace-context-2/ and https://www.w3.org/TR/baggage/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from urllib.parse import unquote_plus

from opentelemetry import baggage, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.trace import SpanContext
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from fastnfurious.tracing.traceparent import parse_traceparent

__all__ = ["CARRIERS", "Headers", "extract", "inject", "read_headers", "with_baggage"]

CARRIERS = frozenset((b"traceparent", b"tracestate", b"baggage"))
"""The headers that carry a trace, as they are named in an ASGI scope."""

Text = str | bytes
Headers = Mapping[str, Text] | Iterable[tuple[Text, Text]]
"""Headers of any protocol: a mapping or pairs, text or bytes, in any case."""

_LONGEST_BAGGAGE = 8192
_MOST_BAGGAGE = 180
_trace_out = TraceContextTextMapPropagator()
_baggage_out = W3CBaggagePropagator()


def inject(headers: MutableMapping[str, str], context: Context | None = None) -> None:
    """Add the current trace and baggage to the headers of an outgoing call or message.

    Args:
        headers: Where ``traceparent``, ``tracestate`` and ``baggage`` are set.
        context: The OpenTelemetry context to take along; the current one by default.

    Example:
        >>> headers: dict[str, str] = {}
        >>> inject(headers)
        >>> headers  # outside a trace there is nothing to take along
        {}
    """
    _trace_out.inject(headers, context)
    _baggage_out.inject(headers, context)


def extract(headers: Headers, context: Context | None = None) -> Context:
    """Return the OpenTelemetry context that the headers of a call or message carry.

    What is malformed is passed over: the trace then starts anew. Nothing is raised or logged.

    Args:
        headers: The headers received.
        context: What to add to; empty by default.

    Example:
        >>> caller = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
        >>> trace.get_current_span(extract(caller)).get_span_context().trace_flags.sampled
        True
    """
    parent, members = read_headers(headers)
    context = Context() if context is None else context
    if parent is not None:
        context = trace.set_span_in_context(trace.NonRecordingSpan(parent), context)
    return with_baggage(members, context) if members else context


def read_headers(headers: Headers) -> tuple[SpanContext | None, str]:
    """Return the caller's span, if the headers carry one, and the baggage as it was sent."""
    found: dict[str, list[str]] = {}
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    for name, value in pairs:
        key = (name.decode("latin-1") if isinstance(name, bytes) else name).lower()
        if key in ("traceparent", "tracestate", "baggage"):
            text = value.decode("latin-1") if isinstance(value, bytes) else value
            found.setdefault(key, []).append(text)
    parents = found.get("traceparent", ())
    parent = None
    # Two of them contradict each other, and the standard has no rule for choosing.
    if len(parents) == 1:
        parent = parse_traceparent(parents[0], ",".join(found.get("tracestate", ())))
    return parent, ",".join(found.get("baggage", ()))


def with_baggage(members: str, context: Context) -> Context:
    """Return a context with the baggage of a header added; what is malformed is left out."""
    if len(members) > _LONGEST_BAGGAGE or not members.isascii():
        return context
    for member in members.split(",")[:_MOST_BAGGAGE]:
        name, equals, value = member.partition("=")
        name, value = name.strip(), value.partition(";")[0].strip()
        if name and equals:
            context = baggage.set_baggage(unquote_plus(name), unquote_plus(value), context)
    return context
