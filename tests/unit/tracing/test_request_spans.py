"""The span of a request: ids for all of them, a recorded span for those that are sampled."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.tracing import RecordedSpans, Tracing, TracingSettings, inject
from fastnfurious.tracing.identifiers import TraceIdentifiers
from fastnfurious.tracing.settings import SamplerName

pytestmark = pytest.mark.anyio

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"


def scope(**headers: str) -> dict[str, Any]:
    """Return the scope of a request with these headers."""
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/items/7",
        "query_string": b"token=secret",
        "client": ("192.0.2.1", 5000),
        "server": ("127.0.0.1", 8000),
        "headers": [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ],
    }


@pytest.fixture
def anyio_backend() -> str:
    """Run the async tests on asyncio."""
    return "asyncio"


@pytest.fixture
def unsampled() -> Tracing:
    """Return a tracing that could record and is told not to."""
    settings = TracingSettings(traces_sampler=SamplerName.PARENT_ALWAYS_OFF)
    processor = SimpleSpanProcessor(InMemorySpanExporter())
    return Tracing(settings, FastNFuriousSettings(), processors=[processor])


def test_a_sampled_request_is_one_server_span(tracing: Tracing, spans: RecordedSpans) -> None:
    """The span follows the conventions for HTTP and leaves the query string out."""
    request = tracing.requests.start(
        scope(host="shop.example:8443", user_agent="curl/8", accept="*/*")
    )
    request.finish("/items/{id}", 200)
    (span,) = spans
    assert (span.name, span.kind) == ("GET /items/{id}", trace.SpanKind.SERVER)
    assert (span.trace_id, span.span_id) == (request.trace_id, request.span_id)
    assert dict(span.tags) == {
        "http.request.method": "GET",
        "http.route": "/items/{id}",
        "http.response.status_code": 200,
        "url.path": "/items/7",
        "url.scheme": "http",
        "server.address": "shop.example",
        "server.port": 8443,
        "client.address": "192.0.2.1",
        "user_agent.original": "curl/8",
        "network.protocol.version": "1.1",
    }
    assert "secret" not in span.otel.to_json()


def test_the_span_is_current_until_it_is_finished(tracing: Tracing, spans: RecordedSpans) -> None:
    """Child spans join it, and afterwards nothing is current; finishing twice is harmless."""
    request = tracing.requests.start(scope())
    with tracing.tracer.create_child_span("child"):
        pass
    request.finish("/", 200)
    request.finish("/", 500)
    assert spans.tree() == "GET /\n  child"
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_the_callers_trace_is_followed(tracing: Tracing, spans: RecordedSpans) -> None:
    """The span is a child of the caller's, and keeps the vendors' state and the baggage."""
    headers = {"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "v=1", "baggage": "user=7"}
    request = tracing.requests.start(scope(**headers))
    sent: dict[str, str] = {}
    inject(sent)
    assert baggage.get_baggage("user") == "7"
    request.finish("/", 200)
    assert sent == {
        "traceparent": f"00-{TRACE}-{request.span_id}-01",
        "tracestate": "v=1",
        "baggage": "user=7",
    }
    assert spans.get("GET /").parent_id == CALLER


@pytest.mark.parametrize("header", ["", "00", "nonsense", f"00-{TRACE}-{'0' * 16}-01"])
def test_a_malformed_caller_starts_a_new_trace(
    tracing: Tracing, spans: RecordedSpans, header: str
) -> None:
    """What a client sends wrongly is no error and no parent."""
    request = tracing.requests.start(scope(traceparent=header))
    request.finish("/", 200)
    assert request.trace_id != TRACE
    assert spans.get("GET /").parent_id is None


@given(
    st.lists(st.tuples(st.sampled_from([b"traceparent", b"tracestate", b"baggage"]), st.binary()))
)
def test_random_headers_are_never_an_error(headers: list[tuple[bytes, bytes]]) -> None:
    """Whatever bytes a client sends, the request gets valid ids."""
    tracing = Tracing(TracingSettings(), FastNFuriousSettings())
    request = tracing.requests.start({**scope(), "headers": headers})
    assert int(request.trace_id, 16) and int(request.span_id, 16)
    request.finish(None, 404)


def test_two_callers_are_no_caller(tracing: Tracing, spans: RecordedSpans) -> None:
    """Two traceparent headers contradict each other, so the trace starts anew."""
    header = (b"traceparent", f"00-{TRACE}-{CALLER}-01".encode())
    request = tracing.requests.start({**scope(), "headers": [header, header]})
    request.finish("/", 200)
    assert request.trace_id != TRACE


async def test_an_unsampled_request_has_ids_and_no_span(unsampled: Tracing) -> None:
    """Ids are there for logs and outgoing calls, which say that the trace is not sampled."""
    await unsampled.open()
    request = unsampled.requests.start(scope())
    current = trace.get_current_span()
    assert not current.is_recording()
    assert f"{current.get_span_context().trace_id:032x}" == request.trace_id
    sent: dict[str, str] = {}
    inject(sent)
    assert sent == {"traceparent": f"00-{request.trace_id}-{request.span_id}-02"}
    with unsampled.tracer.create_child_span("child") as child:
        assert child.trace_id == request.trace_id and not child.is_recorded
    assert (request.sampled, request.exemplar) == (False, None)
    assert request.trace_id in repr(current) or "UnsampledSpan" in repr(current)
    request.finish("/", 200)
    await unsampled.aclose()


async def test_an_unsampled_caller_is_followed(tracing: Tracing, spans: RecordedSpans) -> None:
    """A caller that does not sample gets a span id of ours and nothing is recorded."""
    request = tracing.requests.start(scope(traceparent=f"00-{TRACE}-{CALLER}-00"))
    sent: dict[str, str] = {}
    inject(sent)
    request.finish("/", 200)
    assert sent == {"traceparent": f"00-{TRACE}-{request.span_id}-00"}
    assert request.span_id != CALLER
    assert not len(spans)


def test_without_tracing_the_callers_trace_is_passed_on(tracing: Tracing) -> None:
    """An application that records nothing adds no link that would be missing from the tree."""
    header = f"00-{TRACE}-{CALLER}-01"
    request = tracing.requests.start(scope(traceparent=header))
    sent: dict[str, str] = {}
    inject(sent)
    assert sent == {"traceparent": header}
    assert (request.trace_id, request.span_id, request.sampled) == (TRACE, CALLER, False)
    request.finish("/", 200)


def test_a_share_of_the_traces_is_sampled() -> None:
    """The ratio sampler records about its share, and a caller's decision wins."""
    settings = TracingSettings(traces_sampler=SamplerName.PARENT_RATIO, traces_sampler_arg=0.25)
    exporter = InMemorySpanExporter()
    tracing = Tracing(
        settings,
        FastNFuriousSettings(),
        processors=[SimpleSpanProcessor(exporter)],
        identifiers=TraceIdentifiers(random.Random(1).getrandbits),
    )
    tracing._provider = tracing._record(settings.traces_sampler)
    sampled = 0
    for _ in range(1000):
        request = tracing.requests.start(scope())
        sampled += request.sampled
        assert (request.exemplar == request.trace_id) is request.sampled
        request.finish("/", 200)
    assert 200 < sampled < 300
    assert len(exporter.get_finished_spans()) == sampled
    request = tracing.requests.start(scope(traceparent=f"00-{TRACE}-{CALLER}-01"))
    assert request.sampled
    request.finish("/", 200)


def test_an_error_is_recorded(tracing: Tracing, spans: RecordedSpans) -> None:
    """An exception that the application raised fails the span."""
    tracing.requests.start(scope()).finish("/", 500, ZeroDivisionError("by zero"))
    span = spans.get("GET /")
    assert span.failed and span.tags["error.type"] == "ZeroDivisionError"
    assert span.events["exception"]["exception.message"] == "by zero"


@pytest.mark.parametrize(
    ("status", "failed"), [(200, False), (404, False), (499, False), (503, True)]
)
def test_only_the_servers_own_errors_fail_a_span(
    tracing: Tracing, spans: RecordedSpans, status: int, failed: bool
) -> None:
    """A status of the client's doing is not an error of the server."""
    tracing.requests.start(scope()).finish("/", status)
    span = spans.get("GET /")
    assert span.failed is failed
    assert span.tags.get("error.type") == (str(status) if failed else None)


def test_a_made_up_method_does_not_name_the_span(tracing: Tracing, spans: RecordedSpans) -> None:
    """Methods that HTTP does not define share one name; the original is kept beside it."""
    tracing.requests.start({**scope(), "method": "BREW"}).finish(None, 405)
    span = spans.get("HTTP")
    assert span.tags["http.request.method"] == "_OTHER"
    assert span.tags["http.request.method_original"] == "BREW"


def test_a_websocket_is_one_span(tracing: Tracing, spans: RecordedSpans) -> None:
    """A websocket has no method of its own in ASGI; its handshake is a GET."""
    connection = {**scope(), "type": "websocket", "scheme": "ws"}
    del connection["method"]
    tracing.requests.start(connection).finish("/live", None)
    span = spans.get("GET /live")
    assert span.tags["network.protocol.name"] == "websocket"
    assert "http.response.status_code" not in span.tags


@pytest.mark.parametrize(
    ("host", "address", "port"),
    [
        ("shop.example", "shop.example", 80),
        ("shop.example:http", "shop.example:http", 80),
        ("[2001:db8::1]:8000", "[2001:db8::1]", 8000),
        ("", "127.0.0.1", 8000),
    ],
)
def test_the_servers_address_is_the_one_asked_for(
    tracing: Tracing, spans: RecordedSpans, host: str, address: str, port: int
) -> None:
    """The Host header counts; without one, the socket does."""
    tracing.requests.start(scope(host=host)).finish("/", 200)
    tags = spans.get("GET /").tags
    assert (tags["server.address"], tags["server.port"]) == (address, port)


def test_a_unix_socket_has_no_port(tracing: Tracing, spans: RecordedSpans) -> None:
    """A request over a Unix socket has neither client nor port."""
    over_socket = {**scope(), "client": None, "server": ("/run/shop.sock", None)}
    tracing.requests.start(over_socket).finish("/", 200)
    tags = spans.get("GET /").tags
    assert tags["server.address"] == "/run/shop.sock"
    assert "server.port" not in tags and "client.address" not in tags


def test_a_span_that_is_already_current_is_the_parent(
    tracing: Tracing, spans: RecordedSpans
) -> None:
    """A middleware outside ours that has read the headers already is not overruled by them."""
    with tracing.tracer.create_child_span("outside"):
        request = tracing.requests.start(scope(traceparent=f"00-{TRACE}-{CALLER}-01"))
        request.finish("/", 200)
    assert spans.tree() == "outside\n  GET /"


def test_baggage_that_is_already_there_is_kept(tracing: Tracing, spans: RecordedSpans) -> None:
    """A context without a span keeps its baggage, and the headers give the parent."""
    token = otel_context.attach(baggage.set_baggage("tenant", "blue"))
    request = tracing.requests.start(scope(traceparent=f"00-{TRACE}-{CALLER}-01", baggage="user=7"))
    assert dict(baggage.get_all()) == {"tenant": "blue", "user": "7"}
    request.finish("/", 200)
    otel_context.detach(token)
    assert spans.get("GET /").parent_id == CALLER


def test_a_trace_that_is_followed_leaves_later_traces_alone(
    tracing: Tracing, spans: RecordedSpans
) -> None:
    """Two traces that start after each other never share an id."""
    tracing.requests.start(scope(traceparent=f"00-{TRACE}-{CALLER}-01")).finish("/", 200)
    tracing.requests.start(scope()).finish("/", 200)
    with tracing.tracer.create_child_span("alone"):
        pass
    assert len({span.trace_id for span in spans}) == 3


def test_ids_can_be_made_repeatable() -> None:
    """The same source of randomness gives the same ids."""

    def ids() -> list[str]:
        identifiers = TraceIdentifiers(random.Random(7).getrandbits)
        tracing = Tracing(TracingSettings(), FastNFuriousSettings(), identifiers=identifiers)
        request = tracing.requests.start(scope())
        request.finish("/", 200)
        return [request.trace_id, request.span_id]

    assert ids() == ids()


def test_without_tracing_a_span_recorded_outside_stays_current() -> None:
    """An application that records nothing leaves the span of a middleware outside as it is."""
    tracing = Tracing(TracingSettings(), FastNFuriousSettings())
    with TracerProvider().get_tracer("outside").start_as_current_span("outside") as outside:
        span = tracing.requests.start(scope())
        assert trace.get_current_span() is outside
        span.finish("/items/{id}", 200)
