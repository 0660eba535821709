"""The provider of the process: who gets which span, and what is imported."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from typing import Any

import pytest
from fastapi import FastAPI
from opentelemetry import trace
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.tracing import RecordedSpans, Tracing, TracingSettings
from fastnfurious.tracing.process_provider import ProcessProvider

LIBRARY = trace.get_tracer("library")
"""A tracer that was made before any application, as libraries do."""


def make_tracing() -> Tracing:
    """Return the tracing of one more application."""
    return Tracing(TracingSettings(), FastNFuriousSettings())


def run(code: str) -> Any:
    """Run code in a process of its own, and return what it printed as JSON."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_librarys_span_goes_to_the_application_whose_request_it_is() -> None:
    """With two applications open, each gets the spans of its own requests."""
    first, second = make_tracing(), make_tracing()
    with RecordedSpans(first) as firsts, RecordedSpans(second) as seconds:
        for tracing in (first, second, first):
            request = tracing.requests.start({"type": "http", "headers": []})
            with LIBRARY.start_as_current_span("query"):
                pass
            request.finish("/", 200)
    assert firsts.tree() == "GET /\n  query\nGET /\n  query"
    assert seconds.tree() == "GET /\n  query"


def test_outside_a_request_the_application_opened_last_gets_it() -> None:
    """A background job's spans go to the last one opened, and after it is closed to the other."""
    with RecordedSpans(make_tracing()) as firsts:
        with RecordedSpans(make_tracing()) as seconds:
            LIBRARY.start_span("one").end()
        LIBRARY.start_span("two").end()
    LIBRARY.start_span("nobody").end()
    assert [span.name for span in seconds] == ["one"]
    assert [span.name for span in firsts] == ["two"]


def test_a_closed_application_leaves_nothing_behind() -> None:
    """After the last one is closed, spans of libraries are not recorded."""
    with RecordedSpans(make_tracing()):
        assert isinstance(trace.get_tracer_provider(), ProcessProvider)
    assert not LIBRARY.start_span("nobody").is_recording()


def test_a_library_can_decorate_at_import() -> None:
    """OpenTelemetry's decorator, applied before anything is open, records later."""

    @LIBRARY.start_as_current_span("decorated")
    def work() -> None:
        raise KeyError("sugar")

    with RecordedSpans(make_tracing()) as spans, pytest.raises(KeyError):
        work()
    assert spans.get("decorated").failed


def test_a_plain_handler_is_within_its_request() -> None:
    """A handler that runs in a thread finds the span of its request."""
    app = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False})
    tracing = make_tracing()

    @app.get("/")
    def read() -> str:
        with tracing.tracer.create_child_span("work"):
            return "ok"

    with RecordedSpans(tracing) as spans:
        with TestClient(OneMiddleware(app, tracing)) as client:
            client.get("/")
    assert spans.tree() == "GET /\n  work"


class OneMiddleware:
    """Start a span for each request, in the way the application does."""

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self.app = app
        self.tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        span = self.tracing.requests.start(scope)
        try:
            await self.app(scope, receive, send)
        finally:
            span.finish("/", 200)


def test_fastapis_own_telemetry_adds_no_second_span() -> None:
    """With FastAPI's layer switched off, a request is one span, whatever the global provider is."""
    app = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False})

    @app.get("/")
    def read() -> str:
        return "ok"

    tracing = make_tracing()
    with RecordedSpans(tracing) as spans:
        with TestClient(OneMiddleware(app, tracing)) as client:
            client.get("/")
    assert spans.tree() == "GET /"


def test_a_provider_that_is_already_set_is_used() -> None:
    """An application in a process that is traced by somebody else joins their traces."""
    found = run("""
        import asyncio, json
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        trace.set_tracer_provider(provider)

        from fastnfurious.core.settings import FastNFuriousSettings
        from fastnfurious.tracing import RecordedSpans, Tracing, TracingSettings

        async def main():
            tracing = Tracing(TracingSettings(), FastNFuriousSettings())
            await tracing.open()
            with trace.get_tracer("theirs").start_as_current_span("theirs"):
                request = tracing.requests.start({"type": "http", "headers": []})
                request.finish("/", 200)
            with RecordedSpans(tracing) as spans:
                tracing.requests.start({"type": "http", "headers": []}).finish("/test", 200)
            tracing.requests.start({"type": "http", "headers": []}).finish("/again", 200)
            await tracing.aclose()
            assert trace.get_tracer_provider() is provider
            assert spans.tree() == "GET /test", spans.tree()

        asyncio.run(main())
        print(json.dumps([span.name for span in exporter.get_finished_spans()]))
    """)
    assert found == ["GET /", "theirs", "GET /again"]


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    """An application that exports nothing imports neither the SDK nor an exporter."""
    found = run("""
        import asyncio, json, sys
        from fastnfurious.core.settings import FastNFuriousSettings
        from fastnfurious.tracing import Tracing, TracingSettings

        async def main():
            tracing = Tracing(TracingSettings(), FastNFuriousSettings())
            await tracing.open()
            tracing.requests.start({"type": "http", "headers": []}).finish("/", 200)
            await tracing.aclose()

        asyncio.run(main())
        heavy = ("opentelemetry.sdk", "opentelemetry.exporter", "requests", "google.protobuf")
        print(json.dumps([name for name in sys.modules if name.startswith(heavy)]))
    """)
    assert found == []


def test_no_exporter_is_imported_without_an_endpoint() -> None:
    """Recording with a processor of one's own does not import the exporter."""
    found = run("""
        import json, sys
        from fastnfurious.core.settings import FastNFuriousSettings
        from fastnfurious.tracing import RecordedSpans, Tracing, TracingSettings

        with RecordedSpans(Tracing(TracingSettings(), FastNFuriousSettings())):
            pass
        heavy = ("opentelemetry.exporter", "requests", "google.protobuf")
        print(json.dumps([name for name in sys.modules if name.startswith(heavy)]))
    """)
    assert found == []


def test_importing_and_making_an_application_sets_no_provider() -> None:
    """The global provider is decided when an application is opened, not before."""
    found = run("""
        import json
        from opentelemetry import trace
        from fastnfurious.core.settings import FastNFuriousSettings
        from fastnfurious.tracing import Tracing, TracingSettings

        Tracing(TracingSettings(), FastNFuriousSettings())
        print(json.dumps(type(trace.get_tracer_provider()).__name__))
    """)
    assert found == "ProxyTracerProvider"
