"""Sending spans to a collector: what arrives, and what happens when it cannot."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.tracing import Tracing, TracingSettings
from fastnfurious.tracing.exporter import ReportingExporter
from fastnfurious.tracing.settings import Compression

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run the async tests on asyncio."""
    return "asyncio"


class Collector:
    """Take OTLP/HTTP on a free port, and answer with a chosen status."""

    def __init__(self) -> None:
        self.status = 200
        self.paths: list[str] = []
        self.headers: dict[str, str] = {}
        self.requests: list[ExportTraceServiceRequest] = []
        self.release = threading.Event()
        self.release.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self.release.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.release.wait(30)
                collector.paths.append(self.path)
                collector.headers.update({k.lower(): v for k, v in self.headers.items()})
                if self.headers.get("content-encoding") is None:
                    request = ExportTraceServiceRequest()
                    request.ParseFromString(body)
                    collector.requests.append(request)
                self.send_response(collector.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Return a collector on a free port."""
    collector = Collector()
    yield collector
    collector.close()


def tracing_to(endpoint: str, **settings: object) -> Tracing:
    """Return a tracing that exports to this address."""
    return Tracing(
        TracingSettings.model_validate({"exporter_otlp_endpoint": endpoint, **settings}),
        FastNFuriousSettings(service_name="shop", service_version="1.2.3"),
    )


async def test_spans_arrive_at_the_collector(collector: Collector) -> None:
    """Closing flushes what is left; the resource says who recorded it."""
    tracing = tracing_to(
        collector.address + "/",
        exporter_otlp_headers="api-key=top%20secret",
        resource_attributes="team=checkout,service.version=9",
    )
    await tracing.open()
    with tracing.tracer.create_child_span("price"):
        pass
    await tracing.aclose()
    assert collector.paths == ["/v1/traces"]
    assert collector.headers["api-key"] == "top secret"
    (spans,) = collector.requests[0].resource_spans
    resource = {item.key: item.value.string_value for item in spans.resource.attributes}
    assert resource["service.name"] == "shop"
    assert resource["service.version"] == "9"
    assert resource["deployment.environment.name"] == "development"
    assert resource["team"] == "checkout"
    assert [span.name for span in spans.scope_spans[0].spans] == ["price"]


async def test_what_is_set_for_spans_alone_wins(collector: Collector) -> None:
    """What is set for spans alone wins, and nothing is added to their address."""
    tracing = Tracing(
        TracingSettings(
            exporter_otlp_endpoint="http://127.0.0.1:1",
            exporter_otlp_traces_endpoint=f"{collector.address}/custom",
            exporter_otlp_compression=Compression.NONE,
            exporter_otlp_traces_compression=Compression.GZIP,
        ),
        FastNFuriousSettings(),
    )
    await tracing.open()
    with tracing.tracer.create_child_span("price"):
        pass
    await tracing.aclose()
    assert collector.paths == ["/custom"]
    assert collector.headers["content-encoding"] == "gzip"


async def test_a_collector_that_hangs_does_not_hold_the_shutdown(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    """Closing takes no longer than the time limit, and says that spans are lost."""
    collector.release.clear()
    tracing = tracing_to(collector.address, flush_timeout=0.2)
    await tracing.open()
    with tracing.tracer.create_child_span("price"):
        pass
    started = time.monotonic()
    await tracing.aclose()
    assert time.monotonic() - started < 5
    assert "could not be exported within 0.2 s" in caplog.text


async def test_a_collector_that_is_away_is_no_ones_problem(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Requests go on as ever; one line tells of the loss, without credentials."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://user:hidden@127.0.0.1:{free.getsockname()[1]}"
    tracing = tracing_to(address, exporter_otlp_timeout=0.2, bsp_schedule_delay=10, flush_timeout=3)
    await tracing.open()
    for _ in range(20):
        request = tracing.requests.start({"type": "http", "headers": []})
        request.finish("/", 200)
    await tracing.aclose()
    lines = [record.getMessage() for record in caplog.records]
    assert len([line for line in lines if "could not be exported to" in line]) == 1
    assert len(lines) == 1, lines
    assert "hidden" not in caplog.text


class Failing(SpanExporter):
    """Fail in the way it is told to."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.result = SpanExportResult.FAILURE

    def export(self, spans: object) -> SpanExportResult:
        if self.failure is not None:
            raise self.failure
        return self.result


def test_failures_are_reported_once_in_a_while(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute of failures is one line, and the next line counts what was lost meanwhile."""
    now = 1000.0
    monkeypatch.setattr("fastnfurious.tracing.exporter.monotonic", lambda: now)
    exporter = ReportingExporter(Failing(), "http://collector:4318/v1/traces")
    span = ReadableSpan("price")
    for _ in range(50):
        exporter.export([span, span])
    assert [record.args[0] for record in caplog.records if isinstance(record.args, tuple)] == [2]
    now += 61
    exporter.export([span])
    assert [record.args[0] for record in caplog.records if isinstance(record.args, tuple)] == [
        2,
        99,
    ]
    exporter.shutdown()
    exporter.shutdown()


def test_an_exporter_that_raises_has_failed(caplog: pytest.LogCaptureFixture) -> None:
    """An error in an exporter is a failed export, and its reason is told."""
    exporter = ReportingExporter(Failing(OSError("no route")), "http://collector:4318/v1/traces")
    assert exporter.export([ReadableSpan("price")]) is SpanExportResult.FAILURE
    assert "OSError: no route" in caplog.text
    assert exporter.force_flush()
    exporter.shutdown()


def test_the_exporters_own_messages_do_not_reach_the_logs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """While ours reports, the exporter's own line for each attempt is kept back; not afterwards."""
    theirs = logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    exporter = ReportingExporter(Failing(), "http://collector:4318/v1/traces")
    theirs.warning("Transient error")
    exporter.export([ReadableSpan("price")])
    exporter.shutdown()
    theirs.warning("Afterwards")
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 2 and "(Transient error)" in messages[0]
    assert messages[1] == "Afterwards"


async def test_nothing_is_exported_without_an_address() -> None:
    """Without an endpoint, or with the exporter set to none, nothing is recorded."""
    for settings in (
        TracingSettings(),
        TracingSettings.model_validate(
            {"exporter_otlp_endpoint": "http://127.0.0.1:1", "traces_exporter": "none"}
        ),
        TracingSettings.model_validate(
            {"exporter_otlp_endpoint": "http://127.0.0.1:1", "sdk_disabled": True}
        ),
    ):
        tracing = Tracing(settings, FastNFuriousSettings())
        await tracing.open()
        assert not tracing.recording
        await tracing.aclose()


async def test_spans_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The exporter ``console`` prints each span."""
    tracing = Tracing(
        TracingSettings.model_validate({"traces_exporter": "console"}), FastNFuriousSettings()
    )
    await tracing.open()
    await tracing.open()
    with tracing.tracer.create_child_span("price"):
        pass
    await tracing.aclose()
    assert '"name": "price"' in capsys.readouterr().out
