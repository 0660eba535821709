"""Taking a trace along, and taking it up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context

from fastnfurious.tracing import RecordedSpans, Tracing, extract, inject

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": PARENT, "baggage": "user=7"},
        {"TraceParent": PARENT.encode(), "Baggage": b"user=7"},
        [("traceparent", PARENT), ("baggage", "user=7")],
        [(b"traceparent", PARENT.encode()), (b"baggage", b"user=7;private")],
    ],
)
def test_headers_of_any_protocol_are_read(headers: Any) -> None:
    """Mappings and pairs, text and bytes, in any case, carry a trace."""
    context = extract(headers)
    assert f"{trace.get_current_span(context).get_span_context().span_id:016x}" in PARENT
    assert baggage.get_baggage("user", context) == "7"


def test_a_trace_goes_over_to_another_service(tracing: Tracing, spans: RecordedSpans) -> None:
    """What one side injects, the other continues."""
    headers: dict[str, str] = {}
    with tracing.tracer.create_child_span("send", kind=trace.SpanKind.PRODUCER):
        inject(headers)
    with tracing.tracer.create_child_span("receive", context=extract(headers)):
        pass
    assert spans.tree() == "send\n  receive"
    assert spans.get("send").kind is trace.SpanKind.PRODUCER


_texts = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


@given(st.dictionaries(_texts, _texts, max_size=10))
def test_baggage_survives_the_journey(carried: dict[str, str]) -> None:
    """Every name and value that can be sent arrives as it was."""
    context = Context()
    for name, value in carried.items():
        context = baggage.set_baggage(name, value, context)
    headers: dict[str, str] = {}
    inject(headers, context)
    assert dict(baggage.get_all(extract(headers))) == dict(
        baggage.get_all(W3CBaggagePropagator().extract(headers, Context()))
    )
    assert dict(baggage.get_all(extract(headers))) == carried


@pytest.mark.parametrize("header", ["", "=", "x", "a=" + "b" * 9000, "ü=1", ",,,"])
def test_malformed_baggage_is_passed_over(header: str) -> None:
    """Baggage that breaks the standard is not taken up."""
    assert not baggage.get_all(extract({"baggage": header}))


@given(
    st.lists(st.tuples(st.sampled_from(["traceparent", "baggage", "x"]), st.text() | st.binary()))
)
def test_extracting_never_fails(headers: list[tuple[str, str | bytes]]) -> None:
    """Nothing that can be in a header raises."""
    extract(headers)
