"""The trace and the request id that travel with a message."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

from opentelemetry import baggage
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from fastnfurious.core.context import request_id
from fastnfurious.core.identifiers import new_identifier
from fastnfurious.nats.contract import Message

__all__ = ["REQUEST_ID_HEADER", "client_span", "fail", "handling", "outgoing_headers"]

REQUEST_ID_HEADER = "X-Request-Id"
"""The header that carries the request id, as in HTTP."""

_trace = TraceContextTextMapPropagator()
_baggage = W3CBaggagePropagator()
_tracer = trace.get_tracer("fastnfurious.nats")
_NOT_RECORDED = nullcontext()


def outgoing_headers(given: Mapping[str, str] | None) -> dict[str, str] | None:
    """Return the headers of a message to be sent: those given, the trace, and the request id."""
    identifier = request_id.get()
    current = trace.get_current_span().get_span_context()
    if identifier is None and not current.is_valid:
        return dict(given) if given else None
    headers: dict[str, str] = {}
    if current.is_valid:
        headers["traceparent"] = _traceparent(current)
        if current.trace_state:
            headers["tracestate"] = current.trace_state.to_header()
        if baggage.get_all():
            _baggage.inject(headers)
    if identifier is not None:
        headers[REQUEST_ID_HEADER] = identifier
    if given:
        headers.update(given)
    return headers


def _traceparent(context: trace.SpanContext) -> str:
    """*Source:* https://www.w3.org/TR/trace-context/#traceparent-header."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def client_span(operation: str, subject: str, kind: SpanKind) -> AbstractContextManager[object]:
    """Record sending as a span, when what sends it is recorded."""
    if not trace.get_current_span().is_recording():
        return _NOT_RECORDED
    return _tracer.start_as_current_span(
        f"{operation} {subject}", kind=kind, attributes=_attributes(operation, subject)
    )


class handling:
    """Make a message's trace and request id the current ones in a ``with`` block that handles it.

    Args:
        message: The message.
        subject: Pattern of the subscription that it came by.
    """

    # A class, and one context attached for the span and its parent: generators and OpenTelemetry's
    # own context managers take longer than most handlers.
    __slots__ = ("_attached", "_identified", "_message", "_span", "_subject")

    def __init__(self, message: Message, subject: str) -> None:
        self._message = message
        self._subject = subject

    def __enter__(self) -> trace.Span:
        """Begin the span, and return it."""
        headers = self._message.headers
        parent = _parent(headers)
        span = _tracer.start_span(
            f"process {self._subject}",
            parent,
            _kind(self._message),
            _attributes("process", self._subject),
        )
        # Where nothing is recorded, the lines of a message are to be found together all the same.
        self._span = span if span.get_span_context().is_valid else _unrecorded()
        self._attached = otel_context.attach(trace.set_span_in_context(self._span, parent))
        self._identified = request_id.set(headers.get(REQUEST_ID_HEADER) or new_identifier())
        return self._span

    def __exit__(self, *exc_info: object) -> None:
        """End the span; what has failed is said by `fail`."""
        request_id.reset(self._identified)
        otel_context.detach(self._attached)
        self._span.end()


def _kind(message: Message) -> SpanKind:
    """Return a server's kind where a client waits; a stream only waits for an acknowledgement."""
    waits = message.reply and not message.reply.startswith("$JS.ACK.")
    return SpanKind.SERVER if waits else SpanKind.CONSUMER


def _unrecorded() -> trace.Span:
    trace_id, span_id = int(new_identifier(), 16), int(new_identifier()[:16], 16)
    return trace.NonRecordingSpan(trace.SpanContext(trace_id, span_id, is_remote=False))


def _parent(headers: Mapping[str, str]) -> Context:
    """Return the context of the sender; names of headers are taken in any case."""
    if not headers:
        return Context()
    carrier = {name.lower(): value for name, value in headers.items()}
    return _baggage.extract(carrier, _trace.extract(carrier, Context()))


def _attributes(operation: str, subject: str) -> dict[str, str]:
    """*Source:* https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/."""
    return {
        "messaging.system": "nats",
        "messaging.destination.name": subject,
        "messaging.operation.name": operation,
    }


def fail(span: trace.Span, error: BaseException) -> None:
    """Say in a span that a handler has failed."""
    span.record_exception(error)
    span.set_status(Status(StatusCode.ERROR, type(error).__name__))
