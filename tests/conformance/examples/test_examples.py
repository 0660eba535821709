"""The first examples run as they were written, embedded and on the real servers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx2
import pytest
from websockets.sync.client import ClientConnection, connect

from fastnfurious import FastNFuriousAPI
from fastnfurious.testing.async_client import AsyncTestClient
from fastnfurious.testing.live_server import LiveServer
from fastnfurious.tracing.testing import RecordedSpans
from tests.conformance.examples.applications import (
    MODELS_BUCKET,
    NewMessage,
    answers,
    application,
)
from tests.conformance.examples.conftest import World


@pytest.fixture
def app(world: World) -> FastNFuriousAPI:
    """Return the application with all of the examples."""
    return application()


@pytest.fixture
async def client(app: FastNFuriousAPI) -> AsyncIterator[AsyncTestClient]:
    """Return a client of the application while it runs, and the service that it asks."""
    answers().join(app.nats)
    async with AsyncTestClient(app) as running:
        yield running


async def test_an_answer_over_nats_is_the_answer(client: AsyncTestClient) -> None:
    """The value is returned as the model that the endpoint declares."""
    answer = await client.get("/something/7")
    assert (answer.status_code, answer.json()) == (200, {"resource_id": 7, "name": "anything"})


async def test_an_error_over_nats_is_a_plain_text_error(client: AsyncTestClient) -> None:
    """What the other service says is the body."""
    answer = await client.get("/something/404")
    assert (answer.status_code, answer.text) == (500, "no such resource")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


async def test_nobody_there_is_a_problem(app: FastNFuriousAPI) -> None:
    """Without the other service the caller learns that it is away, and nothing hangs."""
    async with AsyncTestClient(app) as client:
        answer = await client.get("/something/7")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.loop_may_block
def test_messages_arrive_at_a_websocket(app: FastNFuriousAPI) -> None:
    """What is published is sent to the browser, as JSON."""
    message = NewMessage(author="Ada", content="hello", timestamp=7)

    @app.post("/messages")
    async def publish() -> None:
        await app.nats.publish("messages", message)

    with LiveServer(app) as server, connect(f"ws{server.url.removeprefix('http')}/ws") as websocket:
        assert json.loads(_follow(websocket, f"{server.url}/messages")) == message.model_dump()


def _follow(websocket: ClientConnection, url: str) -> str | bytes:
    """Publish until the subscription, which begins after the handshake, has a message."""
    for _ in range(50):
        httpx2.post(url).raise_for_status()
        with suppress(TimeoutError):
            return websocket.recv(timeout=0.2)
    raise AssertionError("no message has arrived")


async def test_a_model_is_downloaded(app: FastNFuriousAPI, client: AsyncTestClient) -> None:
    """The bytes of the object are the body; one that is not there is a 404."""
    bucket = app.s3[MODELS_BUCKET]
    if not await app.s3.bucket_exists(MODELS_BUCKET):
        await app.s3.create_bucket(MODELS_BUCKET)
    await bucket.put("42.onnx", b"\x00weights")
    answer = await client.get("/models/42")
    assert (answer.status_code, answer.content) == (200, b"\x00weights")
    assert answer.headers["content-type"] == "application/octet-stream"
    await bucket.delete("42.onnx")
    assert (await client.get("/models/42")).status_code == 404


async def test_a_user_sees_the_profile(
    world: World, app: FastNFuriousAPI, client: AsyncTestClient
) -> None:
    """The token of the issuer is believed, and nobody is nobody."""
    token = await world.token(app, "alice")
    answer = await client.get("/users/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["preferred_username"] == "alice"
    assert "admin" in answer.json()["roles"]
    assert (await client.get("/users/me")).status_code == 401


async def test_a_query_is_traced(app: FastNFuriousAPI, client: AsyncTestClient) -> None:
    """The statement's span is inside the one that the endpoint opened."""
    await app.db.execute("CREATE TABLE products (id INTEGER PRIMARY KEY, name VARCHAR(40))")
    rows = [{"id": number, "name": f"Product {number}"} for number in range(5)]
    await app.db.execute("INSERT INTO products VALUES (:id, :name)", rows)
    with RecordedSpans(app.tracing) as spans:
        answer = await client.get("/products?limit=2&offset=1")
        assert answer.json() == rows[1:3]
        step = spans.get("get_products_in_db")
        assert (step.tags["limit"], step.tags["nb_rows"]) == (2, 2)
        (statement,) = spans.children(step)
        assert "LIMIT" in str(statement.tags["db.query.text"])


async def test_a_metric_of_ones_own_is_scraped(client: AsyncTestClient) -> None:
    """It is beside the built-in ones."""
    await client.post("/sales/red")
    assert 'products_sold_total{colour="red"} 1.0' in (await client.get("/metrics")).text
