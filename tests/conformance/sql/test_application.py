"""A service uses the database as ``app.db``, and its clients never see the database's own words."""

from __future__ import annotations

import pytest
from pydantic import BaseModel
from sqlalchemy import text

from fastnfurious import FastNFuriousAPI
from fastnfurious.core.registry import Registry, RegistryEntry
from fastnfurious.logs.testing import RecordedLogs
from fastnfurious.metrics.testing import MetricsSnapshot
from fastnfurious.sql import SessionDependency, SqlClient
from fastnfurious.testing.async_client import AsyncTestClient
from fastnfurious.tracing.testing import RecordedSpans

ENTRY = RegistryEntry(
    "sql",
    "fastnfurious.sql.integration:SqlIntegration",
    "fastnfurious[sql]",
    ("sqlalchemy", "aiosqlite"),
    attributes=("db",),
)
SECRET = "s3cr3t-value"


class Product(BaseModel):
    """What the service shows of a product."""

    id: int
    name: str
    price: int


@pytest.fixture
def app(url: str, db: SqlClient, monkeypatch: pytest.MonkeyPatch) -> FastNFuriousAPI:
    """Return the service of the roadmap, on the database under test."""
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("DATABASE_POOL_SIZE", "1")
    monkeypatch.setenv("DATABASE_POOL_WAIT_SECONDS", "0.2")
    monkeypatch.setenv("DATABASE_SLOW_SECONDS", "0")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_on")
    app = FastNFuriousAPI(title="Demo tracing")
    app.integrations.registry = Registry([ENTRY])

    @app.get("/products", summary="Fetch list of products", response_model=list[Product])
    async def get_products(limit: int = 100, offset: int = 0) -> list[dict[str, object]]:
        async with app.tracer.create_child_span("get_products_in_db") as new_span:
            new_span.set_tags({"limit": limit, "offset": offset})
            cursor = app.db.execute(
                "SELECT * FROM products ORDER BY id LIMIT :limit OFFSET :offset",
                {"limit": limit, "offset": offset},
            )
            results = await cursor.all()
            new_span.set_tags({"nb_rows": len(results)})
        return results

    @app.post("/products", status_code=201)
    async def add_product(product: Product, session: SessionDependency) -> None:
        statement = text("INSERT INTO products VALUES (:id, :name, :price)")
        await session.execute(statement, product.model_dump())

    @app.get("/held")
    async def hold() -> object:
        async with app.db.transaction(read_only=True):
            return await app.db.execute("SELECT 1 AS one").scalar()

    return app


async def test_the_example_of_the_roadmap(
    app: FastNFuriousAPI, spans: RecordedSpans, async_client: AsyncTestClient
) -> None:
    """Products are read in a span of their own, below which the statement has one."""
    answer = await async_client.get("/products", params={"limit": 1, "offset": 1})
    assert answer.json() == [{"id": 2, "name": "ink", "price": 5}]
    outer = spans.get("get_products_in_db")
    inner = spans.get("SELECT")
    assert outer.tags["nb_rows"] == 1
    assert inner.is_child_of(outer)
    assert inner.tags["db.query.text"] == (
        "SELECT * FROM products ORDER BY id LIMIT :limit OFFSET :offset"
    )


async def test_a_session_is_committed_before_the_answer(
    app: FastNFuriousAPI, async_client: AsyncTestClient
) -> None:
    """What a client has been told is there is there."""
    pen = {"id": 3, "name": "pen", "price": 2}
    assert (await async_client.post("/products", json=pen)).status_code == 201
    assert await app.db.execute("SELECT name FROM products WHERE id = 3").scalar() == "pen"


async def test_a_broken_rule_is_a_409_problem(async_client: AsyncTestClient) -> None:
    """It says which kind of rule, and no value."""
    tea = {"id": 3, "name": "tea", "price": 2}
    answer = await async_client.post("/products", json=tea)
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert "has to be unique" in answer.json()["detail"]


async def test_a_full_pool_is_a_503_problem(async_client: AsyncTestClient) -> None:
    """It comes after the time that the settings allow, without a word about the database."""
    answer = await async_client.get("/held")
    assert answer.status_code == 503
    assert "DATABASE" not in answer.text
    assert (await async_client.get("/products")).status_code == 200


async def test_values_are_in_no_log_and_no_span(
    app: FastNFuriousAPI, spans: RecordedSpans, logs: RecordedLogs, async_client: AsyncTestClient
) -> None:
    """A statement that is slow is logged, one that fails is traced, both without their values."""
    product = {"id": 3, "name": SECRET, "price": 2}
    for _ in range(2):
        await async_client.post("/products", json=product)
    await app.db.execute(f"SELECT '{SECRET}' AS text, 1 AS number").all()
    await async_client.get("/products")
    lines = [str(record) for record in logs.records]
    assert any("slow statement" in line for line in lines)
    assert any("SELECT ? AS text, ? AS number" in line for line in lines)
    assert [line for line in lines if SECRET in line] == []
    assert [span for span in spans if SECRET in f"{span} {span.tags} {span.events}"] == []


async def test_statements_are_measured(
    app: FastNFuriousAPI, metrics: MetricsSnapshot, async_client: AsyncTestClient
) -> None:
    """How long they take, and how many connections are in use, by the application's metrics."""
    await async_client.get("/products")
    name = "db_client_operation_duration_seconds_count"
    assert metrics.delta(name, operation="SELECT") == 1
    assert metrics.value("db_client_connections_in_use") == 0


async def test_readiness_asks_the_database(async_client: AsyncTestClient) -> None:
    """The check is one small statement."""
    answer = await async_client.get("/health/ready")
    assert answer.status_code == 200
    assert "sql" in answer.text
