"""Reading the W3C headers, with OpenTelemetry's own propagator as the oracle."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.trace import SpanContext
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from fastnfurious.tracing.traceparent import parse_traceparent, parse_tracestate

_hex = "0123456789abcdef"
_ids = st.tuples(
    st.sampled_from(["00", "01", "cc", "ff"]) | st.text(_hex, min_size=1, max_size=3),
    st.text(_hex, min_size=32, max_size=32) | st.just("0" * 32) | st.text(max_size=33),
    st.text(_hex, min_size=16, max_size=16) | st.just("0" * 16) | st.text(max_size=17),
    st.text(_hex, min_size=2, max_size=2) | st.text(max_size=3),
).map("-".join)
_around = st.sampled_from(["", " ", "\t", "-", "-00", "-what"])
_texts = st.tuples(_around, _ids, _around).map("".join) | st.text()
# No header can hold a line feed, and the oracle would let one pass at the end.
_parents = _texts.map(lambda text: text.replace("\n", " "))
_keys = st.from_regex(r"[a-z][a-z0-9_\-*/]{0,20}(@[a-z]{1,5})?", fullmatch=True)
_values = st.from_regex(r"[!-+\--<>-~]{1,20}", fullmatch=True)
_members = st.tuples(_keys, _values).map("=".join) | st.text(max_size=20) | st.just("")
_states = st.lists(_members, max_size=40).map(",".join)


def _oracle(parent: str, state: str) -> SpanContext | None:
    headers = {"traceparent": parent, "tracestate": state}
    context = TraceContextTextMapPropagator().extract(headers)
    found = trace.get_current_span(context).get_span_context()
    return found if found.is_valid else None


@pytest.fixture(autouse=True, scope="module")
def _quiet() -> Iterator[None]:
    """Keep the oracle's complaints about random input out of the output."""
    logger = logging.getLogger("opentelemetry")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)


@given(_parents, _states)
def test_the_headers_are_read_as_opentelemetry_reads_them(parent: str, state: str) -> None:
    """Every pair of headers, sound or not, gives what OpenTelemetry's propagator gives."""
    assert parse_traceparent(parent, state) == _oracle(parent, state)


@given(st.text(_hex, min_size=32, max_size=32), st.text(_hex, min_size=16, max_size=16))
def test_a_sound_header_gives_its_ids(trace_id: str, span_id: str) -> None:
    """The ids and the flag of a well-formed header come back as they were sent."""
    caller = parse_traceparent(f"00-{trace_id}-{span_id}-01")
    if int(trace_id, 16) and int(span_id, 16):
        assert caller is not None
        assert f"{caller.trace_id:032x}-{caller.span_id:016x}" == f"{trace_id}-{span_id}"
        assert caller.trace_flags.sampled and caller.is_remote
    else:
        assert caller is None


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "00",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-extra",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" + " " * 600,
    ],
)
def test_a_malformed_header_is_passed_over(parent: str) -> None:
    """What the standard calls malformed gives no caller."""
    assert parse_traceparent(parent) is None


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    """A header of a future version may carry more fields."""
    later = "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-holds"
    assert parse_traceparent(later) is not None


@pytest.mark.parametrize(
    "state",
    ["a=1,a=2", "A=1", "a", "a=b=c", "," * 9000 + "a=1", ",".join(f"k{n}=v" for n in range(33))],
)
def test_one_bad_entry_discards_the_vendors_state(state: str) -> None:
    """A state that breaks the standard anywhere is dropped as a whole."""
    assert dict(parse_tracestate(state)) == {}


@pytest.mark.parametrize("state", ["a=1,a=2,Ü" * 500, ",".join(f"k{n}=v" for n in range(40))])
def test_nothing_is_logged_about_a_malformed_header(
    caplog: pytest.LogCaptureFixture, state: str
) -> None:
    """A client cannot fill the logs by sending nonsense."""
    with caplog.at_level(logging.DEBUG, "opentelemetry.trace.span"):
        parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", state)
    assert not caplog.records
