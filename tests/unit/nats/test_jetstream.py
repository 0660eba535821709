"""JetStream in an application: settings, traces, metrics, health, and what its errors become."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import BaseModel

from fastnfurious import FastNFuriousAPI
from fastnfurious.core.context import request_id
from fastnfurious.core.errors import SettingsError, StartupError
from fastnfurious.metrics.testing import MetricsSnapshot
from fastnfurious.nats import NatsSettings
from fastnfurious.nats.contract import InvalidPayload, Message
from fastnfurious.nats.jetstream import Delivery
from fastnfurious.nats.testing import RecordedNats
from fastnfurious.testing.async_client import AsyncTestClient
from fastnfurious.tracing.testing import RecordedSpans
from tests.unit.nats.service import make_app


class Price(BaseModel):
    """A value of the tests."""

    cents: int


async def test_one_trace_crosses_from_request_to_consumer(
    app: FastNFuriousAPI, nats: RecordedNats
) -> None:
    """With the request id, and on to the dead letters."""
    seen: list[str | None] = []
    app.nats.jetstream.stream("ORDERS", subjects=["orders.>", "dead.>"])

    @app.nats.jetstream.consume("orders.*", durable="billing", dead_letter="dead.x", backoff=[0])
    async def bill(number: int) -> None:
        seen.append(request_id.get())
        raise ValueError("no")

    @app.post("/orders")
    async def order() -> None:
        await app.nats.jetstream.publish("orders.new", 7)

    with RecordedSpans(app.tracing) as spans:
        async with AsyncTestClient(app) as client:
            await client.post("/orders", headers={"x-request-id": "my-request"})
            [letter] = await nats.wait_published("dead.*")
    assert seen == ["my-request"] * 5
    http = next(span for span in spans if span.name == "POST /orders")
    published = next(span for span in spans if span.name == "publish orders.new")
    handled = [span for span in spans if span.name == "process orders.*"]
    assert {http.trace_id, published.trace_id} == {span.trace_id for span in handled}
    assert letter.headers["X-Request-Id"] == "my-request"
    assert letter.headers["traceparent"].split("-")[1] == http.trace_id


async def test_what_happens_is_measured(app: FastNFuriousAPI, nats: RecordedNats) -> None:
    """By outcome, with what waits and what was given up."""
    app.nats.jetstream.stream("ORDERS", subjects=["orders.>", "dead.>"])

    @app.nats.jetstream.consume("orders.*", durable="billing", dead_letter="dead.x", backoff=[0])
    async def bill(number: int, delivery: Delivery) -> None:
        if delivery.attempt == 1:
            raise ValueError("not yet")

    before = MetricsSnapshot(app.metrics)
    async with AsyncTestClient(app):
        await app.nats.jetstream.publish("orders.new", 7)
        await app.nats.jetstream.publish("orders.new", "x")
        await nats.wait_published("dead.*")
        async with asyncio.timeout(5):
            while not before.delta("nats_handling_seconds_count", subject="orders.*", outcome="ok"):
                await asyncio.sleep(0.005)
    count = "nats_handling_seconds_count"
    assert before.delta(count, subject="orders.*", outcome="retried") == 1
    assert before.delta(count, subject="orders.*", outcome="invalid") == 1
    given_up = {"stream": "ORDERS", "consumer": "billing", "reason": "invalid"}
    assert before.delta("nats_messages_given_up_total", **given_up) == 1
    waiting = MetricsSnapshot(app.metrics)
    assert waiting.value("nats_consumer_pending", stream="ORDERS", consumer="billing") == 0


async def test_a_missing_key_and_a_conflict_are_problems(app: FastNFuriousAPI) -> None:
    """Of status 404 and 409, unless they are handled."""
    prices = app.nats.jetstream.key_value("prices")

    @app.get("/prices/{key}")
    async def read(key: str) -> Price:
        price: Price = (await prices.get(key)).decode(Price)
        return price

    @app.post("/prices/{key}")
    async def create(key: str, price: Price) -> int:
        return await prices.create(key, price)

    async with AsyncTestClient(app) as client:
        missing = await client.get("/prices/chair")
        first = await client.post("/prices/chair", json={"cents": 20})
        second = await client.post("/prices/chair", json={"cents": 30})
        found = await client.get("/prices/chair")
    assert (missing.status_code, first.json(), second.status_code) == (404, 1, 409)
    assert missing.json()["detail"] == "The bucket 'prices' has no key 'chair'"
    assert found.json() == {"cents": 20}


async def test_a_consumer_is_a_function(app: FastNFuriousAPI) -> None:
    """For tests that need no messages."""

    @app.nats.jetstream.consume("orders.*", durable="billing")
    async def double(number: int) -> int:
        return number * 2

    assert await double(7) == 14


async def test_a_service_can_be_started_again(app: FastNFuriousAPI, nats: RecordedNats) -> None:
    """With another server, whose streams are made anew."""
    app.nats.jetstream.stream("ORDERS", subjects=["orders.>"])
    got = asyncio.Queue[int]()

    @app.nats.jetstream.consume("orders.*", durable="billing")
    async def take(number: int) -> None:
        got.put_nowait(number)

    for number in (1, 2):
        async with AsyncTestClient(app), asyncio.timeout(5):
            await app.nats.jetstream.publish("orders.new", number)
            assert await got.get() == number


async def test_a_wrong_declaration_stops_the_start(app: FastNFuriousAPI) -> None:
    """With what has to be done."""
    app.nats.jetstream.consume("orders.*", durable="billing")(_ignore)
    with pytest.raises(StartupError, match="No stream keeps 'orders.\\*': declare one"):
        async with AsyncTestClient(app):
            pass


async def _ignore(data: bytes) -> None:
    """Take a message."""


class TestSettings:
    """``NATS_STREAMS``."""

    async def test_streams_are_declared_as_json(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """And created at the start."""
        text = '[{"name": "ORDERS", "subjects": ["orders.>"], "storage": "memory"}]'
        monkeypatch.setenv("NATS_STREAMS", text)
        app = make_app()
        async with AsyncTestClient(app):
            assert (await app.nats.jetstream.publish("orders.new", 1)).stream == "ORDERS"

    @pytest.mark.parametrize(
        "text",
        [
            "ORDERS",
            '[{"name": "ORDERS"}]',
            '[{"name": "A B", "subjects": ["a"]}]',
            '[{"name": "A", "subjects": ["a"], "colour": "blue"}]',
            '[{"name": "A", "subjects": ["a"], "max_age": "long"}]',
        ],
    )
    def test_wrong_ones_are_refused(self, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
        """By the name of the variable."""
        monkeypatch.setenv("NATS_STREAMS", text)
        with pytest.raises(SettingsError, match="NATS_STREAMS"):
            NatsSettings.load()


class TestDelivery:
    """What the reply subject of a message says."""

    def test_a_domain_and_an_account_are_left_out(self) -> None:
        """As servers of several domains put them in front."""
        reply = "$JS.ACK.hub.Ae3x.ORDERS.billing.1.17.31.1700000000000000000.4.x"
        delivery = Delivery.of(Message("orders.created", b"", {}, reply))
        assert (delivery.stream, delivery.consumer, delivery.sequence) == ("ORDERS", "billing", 17)

    @pytest.mark.parametrize("reply", ["", "_INBOX.x", "$JS.ACK.ORDERS"])
    def test_a_message_of_no_stream_has_none(self, reply: str) -> None:
        """A handler that asks for it cannot take that message."""
        with pytest.raises(InvalidPayload, match="does not come from a stream"):
            Delivery.of(Message("orders.created", b"", {}, reply))
