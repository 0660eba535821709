"""The trace and the request id that travel with a message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

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


def outgoing_headers(given: Mapping[str, str] | None) -> dict[str, str] | None:
    """Return the headers of a message to be sent: those given, the trace, and the request id."""
    identifier = request_id.get()
    traced = trace.get_current_span().get_span_context().is_valid
    if identifier is None and not traced:
        return dict(given) if given else None
    headers: dict[str, str] = {}
    if traced:
        _trace.inject(headers)
        _baggage.inject(headers)
    if identifier is not None:
        headers[REQUEST_ID_HEADER] = identifier
    if given:
        headers.update(given)
    return headers


@contextmanager
def client_span(operation: str, subject: str, kind: SpanKind) -> Iterator[None]:
    """Record sending as a span, when what sends it is recorded."""
    if not trace.get_current_span().is_recording():
        yield
        return
    with _tracer.start_as_current_span(
        f"{operation} {subject}", kind=kind, attributes=_attributes(operation, subject)
    ):
        yield


@contextmanager
def handling(message: Message, subject: str) -> Iterator[trace.Span]:
    """Make a message's trace and request id the current ones while it is handled."""
    identifier = message.headers.get(REQUEST_ID_HEADER) or new_identifier()
    token = request_id.set(identifier)
    parent = _parent(message.headers)
    attached = otel_context.attach(parent)
    try:
        with _tracer.start_as_current_span(
            f"process {subject}",
            kind=_kind(message),
            attributes=_attributes("process", subject),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            if span.get_span_context().is_valid:
                yield span
                return
            # Nothing is recorded, but the lines of a message are to be found together all the same.
            with trace.use_span(_unrecorded()) as named:
                yield named
    finally:
        otel_context.detach(attached)
        request_id.reset(token)


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
