"""A service and its tests as a type checker sees them: every line below has to be accepted.

It is checked with the options of a rendered service, and never run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, assert_type

import pytest
from fastapi import Depends, FastAPI
from pydantic import Field

from fastnfurious import FastNFuriousAPI, FastNFuriousSettings, HTTPException
from fastnfurious.application.lifecycle import Lifecycle
from fastnfurious.cli import command
from fastnfurious.core.health import CheckResult, Health
from fastnfurious.logs import Logs
from fastnfurious.logs.testing import RecordedLogs
from fastnfurious.metrics import Metrics
from fastnfurious.metrics.counter import Counter
from fastnfurious.metrics.testing import MetricsSnapshot
from fastnfurious.testing import (
    AsyncTestClient,
    FrozenClock,
    LiveServer,
    LoopWatch,
    SequentialIdentifiers,
    TestClient,
)
from fastnfurious.tracing import Span, Tracer, Tracing
from fastnfurious.tracing.testing import RecordedSpan, RecordedSpans


class ShopSettings(FastNFuriousSettings):
    """Settings of a service's own."""

    stock: int = Field(3, description="Pieces in the shop.")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, int]]:
    """Open nothing."""
    yield {"stock": 1}


app = FastNFuriousAPI(title="Shop", settings=ShopSettings, lifespan=lifespan)
main = command("shop.app:app", name="shop")

assert_type(main, Callable[[], None])
assert_type(app.settings, FastNFuriousSettings)
assert_type(app.logs, Logs)
assert_type(app.tracing, Tracing)
assert_type(app.tracer, Tracer)
assert_type(app.current_span, Span)
assert_type(app.metrics, Metrics)
assert_type(app.health, Health)
assert_type(app.lifecycle, Lifecycle)
assert_type(app.metrics.counter("orders", "Orders taken.", labels=["country"]), Counter)
assert_type(ShopSettings.load(), ShopSettings)
assert_type(ShopSettings.load().stock, int)


@app.health.check()
async def disk() -> CheckResult:
    """Pass."""
    return CheckResult()


def get_user() -> str:
    """Return who asks."""
    return "nobody"


@app.get("/orders/{number}")
async def order(number: int, user: Annotated[str, Depends(get_user)]) -> str:
    """Answer, or refuse."""
    async with app.tracer.create_child_span("look up", number=number) as span:
        assert_type(span, Span)
        span.set_tags({"user": user})
    if number > 9:
        raise HTTPException(404, "no such order", media_type="text/plain")
    return user


@app.tracer.create_child_span("price")
def price(item: str) -> float:
    """Return a price; the decorator keeps the signature."""
    return float(len(item))


assert_type(price("tea"), float)


@pytest.fixture(name="app")
def fresh_app(clock: FrozenClock, ids: SequentialIdentifiers) -> FastNFuriousAPI:
    """Return an application that knows the time."""
    return FastNFuriousAPI(clock=clock, identifiers=ids)


def test_everything(
    client: TestClient,
    live_server: LiveServer,
    spans: RecordedSpans,
    logs: RecordedLogs,
    metrics: MetricsSnapshot,
    dependency_overrides: dict[Any, Any],
    responsive_loop: LoopWatch,
) -> None:
    """Use every fixture as its type says."""
    dependency_overrides[get_user] = lambda: "somebody"
    assert_type(client.get("/orders/1").status_code, int)
    assert_type(live_server.url, str)
    assert_type(spans.get("look up"), RecordedSpan)
    assert_type(metrics.delta("http_requests_total"), float)
    assert_type(logs.messages, list[str])
    responsive_loop.threshold = 0.5


async def test_async(async_client: AsyncTestClient) -> None:
    """Await an answer."""
    assert_type((await async_client.get("/orders/1")).status_code, int)
