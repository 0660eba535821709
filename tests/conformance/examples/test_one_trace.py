"""One trace goes from an HTTP request over NATS to another service's objects and rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from loguru import logger
from opentelemetry.trace import SpanKind

from fastnfurious import FastNFuriousAPI, NatsService
from fastnfurious.logs.testing import RecordedLogs
from fastnfurious.nats import EmbeddedServer
from fastnfurious.testing.async_client import AsyncTestClient
from fastnfurious.tracing.testing import RecordedSpan, RecordedSpans
from tests.conformance.examples.conftest import World

BUCKET = "one-trace"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
REQUEST = "one-trace-request"
CALLER = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "x-request-id": REQUEST}


def front() -> FastNFuriousAPI:
    """Return the service that is asked over HTTP."""
    app = FastNFuriousAPI(title="Front")

    @app.get("/labels/{item}")
    async def label(item: int) -> object:
        logger.info("The front asks for a label")
        return await app.nats.request("labels.get", item)

    return app


def back() -> FastNFuriousAPI:
    """Return the service that is asked over NATS, and keeps objects and rows."""
    app = FastNFuriousAPI(title="Back")
    service = NatsService("labels", version="1.0.0")

    @service.reply("labels.get")
    async def get_label(item: int) -> dict[str, object]:
        logger.info("The back looks for a label")
        picture = await app.s3[BUCKET].get(f"{item}.svg")
        name = await app.db.execute(
            "SELECT name FROM labels WHERE item = :item", {"item": item}
        ).scalar()
        logger.info("The back has found a label")
        return {"name": name, "bytes": len(picture)}

    service.join(app.nats)
    return app


async def test_one_trace_and_one_request_id_cross_two_services(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step is a child of the one before, and every line on both sides has the ids."""
    async with EmbeddedServer() as server:
        if not world.is_real:
            # Two services can only share the stand-in by its address, as they share a server.
            monkeypatch.setenv("NATS_URL", server.url)
        asking, answering = front(), back()
        async with AsyncTestClient(answering), AsyncTestClient(asking) as client:
            await _stock(answering)
            with _recording(asking, answering) as (logs, spans):
                answer = await client.get("/labels/7", headers=CALLER)
                assert answer.json() == {"name": "tea", "bytes": 6}
    _assert_chain(spans)
    # The client of this test is outside of both services, and logs as well.
    lines = [line for line in logs.records if line["logger"] != "httpx2"]
    assert [line["message"] for line in lines[:3]] == [
        "The front asks for a label",
        "The back looks for a label",
        "The back has found a label",
    ]
    assert {(line["trace_id"], line["request_id"]) for line in lines} == {(TRACE, REQUEST)}


async def _stock(app: FastNFuriousAPI) -> None:
    if not await app.s3.bucket_exists(BUCKET):
        await app.s3.create_bucket(BUCKET)
    await app.s3[BUCKET].put("7.svg", b"<svg/>")
    await app.db.execute("CREATE TABLE labels (item INTEGER PRIMARY KEY, name VARCHAR(40))")
    await app.db.execute("INSERT INTO labels VALUES (7, 'tea')")


@contextmanager
def _recording(
    *apps: FastNFuriousAPI,
) -> Iterator[tuple[RecordedLogs, list[RecordedSpan]]]:
    """Record the lines and, once the block has ended, the spans of several applications."""
    found: list[RecordedSpan] = []
    with ExitStack() as stack:
        logs = stack.enter_context(RecordedLogs())
        recorded = [stack.enter_context(RecordedSpans(app.tracing)) for app in apps]
        yield logs, found
        found.extend(span for spans in recorded for span in spans)


def _assert_chain(spans: list[RecordedSpan]) -> None:
    """Hold that the spans are one trace, each below the one that caused it."""
    assert {span.trace_id for span in spans} == {TRACE}
    by_id = {span.span_id: span for span in spans}
    for last in ("db.query.text", "aws.s3.bucket"):
        step = next(span for span in spans if last in span.tags)
        kinds = [span.kind for span in _path(step, by_id)]
        assert kinds == [SpanKind.CLIENT, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.SERVER], last


def _path(span: RecordedSpan | None, by_id: dict[str, RecordedSpan]) -> Iterator[RecordedSpan]:
    while span is not None:
        yield span
        span = by_id.get(span.parent_id or "")
