"""What is seen of operations: their spans, their durations, and what they ended with."""

from __future__ import annotations

import pytest

from fastnfurious import FastNFuriousAPI
from fastnfurious.metrics.testing import MetricsSnapshot
from fastnfurious.s3.errors import InvalidArgument, ObjectNotFound
from fastnfurious.testing.async_client import AsyncTestClient
from fastnfurious.tracing.testing import RecordedSpans


async def test_an_operation_is_a_span_of_the_request(
    app: FastNFuriousAPI, spans: RecordedSpans
) -> None:
    """The trace says which object was asked for; that it is not there is no failure."""

    @app.get("/file")
    async def file() -> bool:
        return await app.s3["models"].exists("a")

    async with AsyncTestClient(app) as client:
        await client.get("/file")
    (request,) = [span for span in spans if span.name == "GET /file"]
    (stat,) = [span for span in spans if span.name == "s3 stat"]
    assert stat.otel.context is not None and request.otel.context is not None
    assert stat.otel.context.trace_id == request.otel.context.trace_id
    assert dict(stat.otel.attributes or {}) == {
        "aws.s3.bucket": "models",
        "aws.s3.key": "a",
        "error.type": "ObjectNotFound",
    }
    assert stat.otel.status.is_unset


async def test_operations_are_counted_by_outcome(
    app: FastNFuriousAPI, metrics: MetricsSnapshot
) -> None:
    """A mistake that is found before anything happens is no operation."""
    await app.s3.create_bucket("models")
    await app.s3["models"].put("a", b"x")
    with pytest.raises(ObjectNotFound):
        await app.s3["models"].get("b")
    with pytest.raises(InvalidArgument):
        await app.s3["models"].get("//")
    name = "s3_operation_duration_seconds_count"
    assert metrics.delta(name, operation="put", outcome="ok") == 1
    assert metrics.delta(name, operation="get", outcome="ObjectNotFound") == 1
    assert metrics.delta(name) == 2
