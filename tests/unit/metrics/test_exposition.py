"""What a scraper is given."""

from __future__ import annotations

import platform
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from fastnfurious.metrics import Metrics
from fastnfurious.metrics.exposition import OPENMETRICS, TEXT, expose

pytestmark = pytest.mark.anyio

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"
)


@pytest.fixture
def anyio_backend() -> str:
    """Run the async tests on asyncio."""
    return "asyncio"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, TEXT),
        ("", TEXT),
        ("*/*", TEXT),
        ("text/html,application/xhtml+xml,*/*;q=0.8", TEXT),
        ("text/plain;version=0.0.4", TEXT),
        ("text/plain,application/openmetrics-text;q=0.5", TEXT),
        ("application/openmetrics-text;q=0", TEXT),
        ("application/openmetrics-text;q=nonsense", TEXT),
        ("application/openmetrics-text", OPENMETRICS),
        ("text/plain;q=0.5,application/openmetrics-text;q=0.5", OPENMETRICS),
        ("Application/OpenMetrics-Text; version=1.0.0", OPENMETRICS),
        (PROMETHEUS, OPENMETRICS),
    ],
)
def test_the_scraper_gets_the_format_it_prefers(
    metrics: Metrics, accept: str | None, content_type: str
) -> None:
    """OpenMetrics for those who prefer it, the older text for everybody else."""
    assert metrics.render(accept)[1] == content_type


@pytest.mark.parametrize("accept", [None, PROMETHEUS])
async def test_a_scrape_is_the_same_beside_the_event_loop(
    metrics: Metrics, accept: str | None
) -> None:
    """The text is made in another thread; the function of a gauge is called in this one."""
    threads: set[int] = set()

    def here() -> float:
        threads.add(threading.get_ident())
        return 1.0

    metrics.gauge("here", "Whether it is here.").set_function(here)
    text, content_type = await metrics.scrape(accept)
    assert content_type == metrics.render(accept)[1]
    assert b"\nhere 1.0\n" in text
    assert threads == {threading.get_ident()}


@given(st.text())
def test_no_accept_header_is_an_error(accept: str) -> None:
    """Whatever a client asks for, it gets one of the two formats."""
    assert expose([], accept)[1] in (TEXT, OPENMETRICS)


def test_both_formats_can_be_parsed(metrics: Metrics) -> None:
    """The parsers of prometheus_client accept every line, also hostile label values."""
    metrics.http.request_finished("GET", '/"quoted"\\n\n{id}', 200, 0.1, "a" * 32)
    metrics.counter("orders", 'Orders: "all"\\ of\nthem.', labels=["what"]).labels('"\\\n').inc()
    text, _ = metrics.render()
    assert "# TYPE http_requests_total counter" in text.decode()
    assert "_created" not in text.decode()
    assert {family.name for family in parse_text(text.decode())} >= {"http_requests", "orders"}
    text, _ = metrics.render(PROMETHEUS)
    assert text.endswith(b"# EOF\n")
    families: Any = parse_openmetrics
    assert {family.name for family in families(text.decode())} >= {"orders"}


def test_exemplars_lead_from_a_bucket_to_a_trace(metrics: Metrics) -> None:
    """OpenMetrics shows the trace id beside the bucket that the request fell into."""
    metrics.http.request_finished("GET", "/", 200, 0.25, "0af7651916cd43dd8448eb211c80319c")
    metrics.http.request_finished("GET", "/", 200, 0.01)
    lines = metrics.render(PROMETHEUS)[0].decode().splitlines()
    (line,) = [line for line in lines if "0af7651916cd43dd8448eb211c80319c" in line]
    assert line.startswith('http_request_duration_seconds_bucket{le="1.0",method="GET"')
    assert ' # {trace_id="0af7651916cd43dd8448eb211c80319c"} 0.25 ' in line


@pytest.mark.parametrize(("flags", "shown"), [(TraceFlags.SAMPLED, True), (0, False)])
def test_a_services_own_metrics_have_exemplars_too(
    metrics: Metrics, flags: int, shown: bool
) -> None:
    """Counting or observing within a recorded trace keeps its ids."""
    span = NonRecordingSpan(SpanContext(7, 9, is_remote=False, trace_flags=TraceFlags(flags)))
    with trace.use_span(span):
        metrics.counter("orders", "Orders.").inc()
        metrics.histogram("wait_seconds", "Waiting.").observe(0.5)
    text = metrics.render(PROMETHEUS)[0].decode()
    assert text.count(f'trace_id="{7:032x}"') == (2 if shown else 0)


def test_it_is_told_what_is_running(metrics: Metrics) -> None:
    """Service, version, environment and Python are labels of one gauge."""
    text = metrics.render()[0].decode()
    version = platform.python_version()
    assert (
        f'build_info{{environment="development",python="{version}",service="shop",'
        f'version="1.2.3"}} 1.0' in text
    )


def test_the_process_is_measured(metrics: Metrics) -> None:
    """Processor time, memory, files and garbage collections are there."""
    text = metrics.render()[0].decode()
    for name in (
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        'python_gc_collections_total{generation="2"}',
    ):
        assert f"\n{name} " in text
