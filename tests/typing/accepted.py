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
from fastnfurious.nats import NatsClient
from fastnfurious.oidc import CurrentUser, OidcClient
from fastnfurious.s3 import Bucket, ObjectStorage
from fastnfurious.s3.testing import RecordedS3
from fastnfurious.schemas import Reply, UserClaims
from fastnfurious.sql import Row, Rows, SessionDependency, SqlClient
from fastnfurious.sql.testing import RecordedDatabase
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
assert_type(app.nats, NatsClient)
assert_type(app.create_nats_client(), NatsClient)
assert_type(app.s3, ObjectStorage)
assert_type(app.s3["models"], Bucket)
assert_type(app.oidc, OidcClient)
assert_type(app.db, SqlClient)
assert_type(app.db.execute("SELECT 1"), Rows)
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


@app.get("/users/me")
async def me(user: UserClaims = app.current_user) -> UserClaims:
    """Return who asks."""
    return user


@app.get("/users/maybe")
async def maybe(user: UserClaims | None = app.optional_user) -> UserClaims | None:
    """Return who asks, if anybody."""
    return user


@app.delete("/users/{name}")
async def remove(
    name: str, user: CurrentUser, admin: UserClaims = app.require(roles="admin")
) -> str:
    """Let somebody do it who may."""
    assert_type(user, UserClaims)
    return admin.sub


@app.get("/products")
async def products(session: SessionDependency, limit: int = 100) -> list[Row]:
    """Ask every service that is behind this one."""
    reply = await app.nats.request_json("stock.get", {"limit": limit})
    assert_type(reply, Reply)
    assert_type(await app.s3["models"].get("42.onnx"), bytes)
    async with app.db.transaction() as transaction:
        assert_type(await transaction.execute("DELETE FROM old"), int)
    async for row in app.db.execute("SELECT * FROM products"):
        assert_type(row, Row)
    await session.flush()
    return await app.db.execute("SELECT * FROM products LIMIT :limit", {"limit": limit}).all()


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
    s3: RecordedS3,
    db: RecordedDatabase,
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
    assert_type(s3["models"].name, str)
    assert_type(db.database, SqlClient)
    responsive_loop.threshold = 0.5


async def test_async(async_client: AsyncTestClient) -> None:
    """Await an answer."""
    assert_type((await async_client.get("/orders/1")).status_code, int)
