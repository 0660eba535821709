"""The span of a request: the hot path of tracing.

A request that is not sampled gets ids, for its logs and for the calls that it makes, but no SDK
span. One that is sampled gets one server span with the HTTP semantic conventions.

*Source:* https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server
"""

from __future__ import annotations

from collections.abc import MutableMapping
from contextvars import Token
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags, TraceState
from opentelemetry.util.types import AnyValue

from fastnfurious.tracing.identifiers import TraceIdentifiers
from fastnfurious.tracing.pipeline import Pipeline
from fastnfurious.tracing.propagation import CARRIERS, read_headers, with_baggage
from fastnfurious.tracing.semantics import request_attributes, span_name
from fastnfurious.tracing.span import Span

__all__ = ["RequestSpan", "RequestSpans", "SampledRequestSpan", "UnsampledSpan"]

Scope = MutableMapping[str, Any]

_UNSAMPLED = TraceFlags(TraceFlags.DEFAULT)
_UNSAMPLED_RANDOM = TraceFlags(TraceFlags.RANDOM_TRACE_ID)
_NO_STATE = TraceState()


class RequestSpan:
    """Follow one request or websocket connection; made by `RequestSpans.start`.

    Attributes:
        trace_id: 32 hexadecimal digits, also when the trace is not sampled.
        span_id: 16 hexadecimal digits, likewise.
        sampled: Whether the trace is recorded.
        otel: The OpenTelemetry span that is current during the request.
    """

    __slots__ = ("trace_id", "span_id", "sampled", "otel", "_token")

    def __init__(self, otel: trace.Span, trace_id: int, span_id: int, context: Context) -> None:
        self.otel = otel
        self.trace_id = f"{trace_id:032x}"
        self.span_id = f"{span_id:016x}"
        self.sampled = False
        self._token: Token[Context] | None = otel_context.attach(
            trace.set_span_in_context(otel, context)
        )

    @property
    def exemplar(self) -> str | None:
        """Return the trace id if the trace is recorded, for an exemplar that leads somewhere."""
        return self.trace_id if self.sampled else None

    def finish(
        self, route: str | None, status: int | None, error: BaseException | None = None
    ) -> None:
        """End the span and make the one before it current again; a second call does nothing.

        Args:
            route: Template of the route, for example ``/items/{id}``; ``None`` if none matched.
            status: HTTP status of the answer; ``None`` if there was none, as for a websocket.
            error: What the application raised.
        """
        if self._token is not None:
            otel_context.detach(self._token)
            self._token = None


class SampledRequestSpan(RequestSpan):
    """Follow a request whose trace is recorded."""

    __slots__ = ("_method",)

    def __init__(self, otel: trace.Span, context: Context, method: str) -> None:
        ids = otel.get_span_context()
        super().__init__(otel, ids.trace_id, ids.span_id, context)
        self.sampled = ids.trace_flags.sampled
        self._method = method

    def finish(
        self, route: str | None, status: int | None, error: BaseException | None = None
    ) -> None:
        """End the span; see `RequestSpan.finish`."""
        if self._token is None:
            return
        super().finish(route, status, error)
        otel = self.otel
        if not otel.is_recording():
            return
        known: dict[str, AnyValue] = {}
        if route is not None:
            otel.update_name(f"{self._method} {route}")
            known["http.route"] = route
        if status is not None:
            known["http.response.status_code"] = status
        otel.set_attributes(known)
        if error is not None:
            Span(otel).record_error(error)
        elif status is not None and status >= 500:
            otel.set_attribute("error.type", str(status))
            otel.set_status(trace.StatusCode.ERROR)
        otel.end()


class UnsampledSpan(trace.NonRecordingSpan):
    """Carry ids without recording; the span context is only built when somebody asks."""

    def __init__(self, trace_id: int, span_id: int, flags: TraceFlags, state: TraceState) -> None:
        self._ids = (trace_id, span_id, False, flags, state)
        self._built: SpanContext | None = None

    def get_span_context(self) -> SpanContext:
        """Return the ids in OpenTelemetry's own shape."""
        if self._built is None:
            self._built = SpanContext(*self._ids)
        return self._built

    def __repr__(self) -> str:
        """Return the ids."""
        return f"UnsampledSpan({self.get_span_context()!r})"


class RequestSpans:
    """Start a span for each request.

    Args:
        pipeline: Where spans go.
        identifiers: Makes the ids.

    Example:
        >>> spans = RequestSpans(Pipeline())
        >>> span = spans.start({"type": "http", "headers": []})
        >>> len(span.trace_id), len(span.span_id), span.sampled
        (32, 16, False)
        >>> span.finish("/items/{id}", 200)
    """

    __slots__ = ("_pipeline", "_identifiers", "_bits")

    def __init__(self, pipeline: Pipeline, identifiers: TraceIdentifiers | None = None) -> None:
        self._pipeline = pipeline
        self._identifiers = identifiers or TraceIdentifiers()
        self._bits = self._identifiers.bits

    def start(self, scope: Scope) -> RequestSpan:
        """Start the span of a request and make it current.

        The caller's ``traceparent`` is followed, a malformed one starts a new trace; a span that
        is already current, because another OpenTelemetry middleware is outside, wins over both.

        Args:
            scope: The ASGI scope, of type ``http`` or ``websocket``.
        """
        pipeline = self._pipeline
        context = otel_context.get_current()
        carried = [pair for pair in scope["headers"] if pair[0] in CARRIERS]
        if carried or context:
            return self._start_within(scope, context, carried)
        trace_id = self._bits(128) or 1
        if pipeline.recording:
            sampling = pipeline.sampling
            if sampling is None or sampling.decide(trace_id):
                return self._start_sampled(scope, pipeline.context, trace_id)
        return self._start_unsampled(pipeline.context, None, trace_id)

    def _start_within(
        self, scope: Scope, current: Context, carried: list[tuple[bytes, bytes]]
    ) -> RequestSpan:
        """Start the span of a request that came with a trace, or within one."""
        pipeline = self._pipeline
        context = Context({**current, **pipeline.context}) if current else pipeline.context
        parent: SpanContext | None = trace.get_current_span(current).get_span_context()
        if parent is None or not parent.is_valid:
            parent, members = read_headers(carried)
            context = with_baggage(members, context) if members else context
            if parent is not None and pipeline.recording:
                context = trace.set_span_in_context(trace.NonRecordingSpan(parent), context)
        trace_id = self._bits(128) or 1 if parent is None else parent.trace_id
        if not pipeline.recording:
            return self._pass_on(context, parent, trace_id)
        flags = None if parent is None else parent.trace_flags
        if pipeline.sampling is None or pipeline.sampling.decide(trace_id, flags):
            return self._start_sampled(scope, context, trace_id if parent is None else None)
        return self._start_unsampled(context, parent, trace_id)

    def _start_unsampled(
        self, context: Context, parent: SpanContext | None, trace_id: int
    ) -> RequestSpan:
        span_id = self._bits(64) or 1
        if parent is None:
            otel = UnsampledSpan(trace_id, span_id, _UNSAMPLED_RANDOM, _NO_STATE)
        else:
            flags = _UNSAMPLED_RANDOM if parent.trace_flags.random_trace_id else _UNSAMPLED
            otel = UnsampledSpan(trace_id, span_id, flags, parent.trace_state)
        return RequestSpan(otel, trace_id, span_id, context)

    def _pass_on(self, context: Context, parent: SpanContext | None, trace_id: int) -> RequestSpan:
        """Stay out of a trace that we do not record, so that no span is missing from its tree."""
        if parent is None:
            return self._start_unsampled(context, None, trace_id)
        # A span that is current stays itself, not a copy of its ids: somebody may be recording it.
        outer = trace.get_current_span(context)
        otel = outer if outer.get_span_context().is_valid else trace.NonRecordingSpan(parent)
        return RequestSpan(otel, trace_id, parent.span_id, context)

    def _start_sampled(self, scope: Scope, context: Context, decided: int | None) -> RequestSpan:
        method = span_name(scope)
        if decided is not None and self._pipeline.sampling is not None:
            self._identifiers.decide(decided)
        otel = self._pipeline.tracer.start_span(
            method, context, SpanKind.SERVER, request_attributes(scope)
        )
        return SampledRequestSpan(otel, context, method)
