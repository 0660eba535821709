"""The double for tests: two lines are enough to play the other services."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from starlette.testclient import TestClient

from fastnfurious import FastNFuriousAPI
from fastnfurious.core.errors import OperationTimeout, ResourceNotFound, ResourceUnavailable
from fastnfurious.nats import NoResponders
from fastnfurious.nats.testing import RecordedNats
from fastnfurious.testing.async_client import AsyncTestClient


@pytest.fixture
def shop(app: FastNFuriousAPI) -> FastNFuriousAPI:
    """Return an application that asks, tells and listens."""

    @app.post("/orders/{item}")
    async def order(item: int) -> object:
        stock = await app.nats.request_json("stock.get", {"item": item}, timeout=0.2)
        await app.nats.publish("orders.created", {"item": item}, headers={"Shop": "main"})
        return stock.value if stock.status else {"error": stock.error, "code": stock.code}

    @app.nats.subscribe("stock.changed")
    async def on_change(item: int) -> None:
        await app.nats.publish("prices.changed", item * 2)

    return app


def test_requests_are_answered_and_recorded(shop: FastNFuriousAPI, nats: RecordedNats) -> None:
    """With a plain test client."""
    nats.replies("stock.*", {"left": 3})
    with TestClient(shop) as client:
        assert client.post("/orders/7").json() == {"left": 3}
        client.get("/health/ready")
    [request] = nats.requested("stock.get")
    assert request.json == {"item": 7}
    [message] = nats.published()
    assert (message.subject, message.json, message.headers["Shop"]) == (
        "orders.created",
        {"item": 7},
        "main",
    )


def test_the_last_answer_counts(shop: FastNFuriousAPI, nats: RecordedNats) -> None:
    """A value, a function, or an error."""
    with TestClient(shop) as client:
        nats.replies("stock.get", 1)
        assert client.post("/orders/7").json() == 1
        nats.replies("stock.get", lambda request: request.json["item"] + 1)
        assert client.post("/orders/7").json() == 8
        nats.replies("stock.get", error="no such item", code=404)
        assert client.post("/orders/7").json() == {"error": "no such item", "code": 404}


def test_an_answer_may_never_come(shop: FastNFuriousAPI, nats: RecordedNats) -> None:
    """Which is something else than nobody listening."""
    with TestClient(shop) as client:
        assert client.post("/orders/7").status_code == 503
        nats.ignores("stock.get")
        assert client.post("/orders/7").status_code == 504


async def test_messages_can_be_injected(shop: FastNFuriousAPI, nats: RecordedNats) -> None:
    """Handlers get them, and what they send is waited for."""
    with pytest.raises(RuntimeError, match="start the application first"):
        nats.inject("stock.changed", 1)
    async with AsyncTestClient(shop):
        nats.inject("stock.changed", 4)
        [message] = await nats.wait_published("prices.*")
        assert message.json == 8


def test_messages_can_be_injected_from_another_thread(
    shop: FastNFuriousAPI, nats: RecordedNats
) -> None:
    """Where the test of a plain client runs."""
    with TestClient(shop) as client:
        nats.inject("stock.changed", 4)
        assert client.portal is not None
        [message] = client.portal.call(nats.wait_published, "prices.*")
    assert message.json == 8


async def test_an_injected_message_waits_until_somebody_listens(
    shop: FastNFuriousAPI, nats: RecordedNats
) -> None:
    """So a test need not know when a subscription begins."""
    heard = asyncio.get_running_loop().create_future()
    async with AsyncTestClient(shop):
        nats.inject("news", "late")
        await asyncio.sleep(0.01)

        @shop.nats.subscribe("news", start=True)
        async def on_news(text: str) -> None:
            heard.set_result(text)

        assert await asyncio.wait_for(heard, 2) == "late"


async def test_the_server_can_go_away(shop: FastNFuriousAPI, nats: RecordedNats) -> None:
    """And return."""
    nats.replies("a", 1)
    async with AsyncTestClient(shop):
        with nats.away():
            with pytest.raises(ResourceUnavailable):
                await shop.nats.request_json("a", timeout=0.1)
        async with asyncio.timeout(3):
            assert (await shop.nats.request_json("a")).value == 1


async def test_a_connection_can_be_cut(shop: FastNFuriousAPI, nats: RecordedNats) -> None:
    """The application returns by itself."""
    nats.replies("a", 1)
    async with AsyncTestClient(shop):
        await shop.nats.request_json("a")
        nats.disconnect()
        with pytest.raises(ResourceUnavailable):
            await shop.nats.request_json("a")
        assert (await shop.nats.request_json("a")).value == 1


async def test_messages_can_be_slow(shop: FastNFuriousAPI, nats: RecordedNats) -> None:
    """To see what time limits do."""
    nats.replies("a", 1)
    async with AsyncTestClient(shop):
        with nats.slowed(0.05), pytest.raises(OperationTimeout):
            await shop.nats.request_json("a", timeout=0.01)
        assert (await shop.nats.request_json("a")).value == 1


def test_the_settings_do_not_matter(
    shop: FastNFuriousAPI, nats: RecordedNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test never reaches a real server."""
    monkeypatch.setenv("NATS_URL", "nats://127.0.0.1:1")
    nats.replies("stock.get", 1)
    with TestClient(shop) as client:
        assert client.post("/orders/7").json() == 1


class TestAskingTheApplication:
    """The other way round: the test is who asks."""

    async def test_its_answer_is_a_reply(self, app: FastNFuriousAPI, nats: RecordedNats) -> None:
        """A value, or an error with its number; the headers arrive."""

        @app.nats.subscribe("stock.get")
        async def get_stock(item: int, headers: Mapping[str, str]) -> dict[str, object]:
            if item < 0:
                raise ResourceNotFound("no such item")
            return {"item": item, "shop": headers.get("Shop")}

        async with AsyncTestClient(app):
            reply = await nats.request("stock.get", 7, headers={"Shop": "main"})
            assert reply.value == {"item": 7, "shop": "main"}
            reply = await nats.request("stock.get", -1)
            assert (reply.status, reply.code, reply.error) == (False, 404, "no such item")
        assert nats.messages == []

    async def test_nobody_may_listen_or_answer(
        self, app: FastNFuriousAPI, nats: RecordedNats
    ) -> None:
        """Both are told apart."""

        @app.nats.subscribe("stock.changed")
        async def listen(item: int) -> None:
            """Listen only."""

        async with AsyncTestClient(app):
            with pytest.raises(NoResponders, match="stock.get"):
                await nats.request("stock.get", 7)
            with pytest.raises(TimeoutError):
                await nats.request("stock.changed", 7, timeout=0.1)

    async def test_it_has_to_be_started(self, nats: RecordedNats) -> None:
        """Otherwise the message says so."""
        with pytest.raises(RuntimeError, match="start the application first"):
            await nats.request("stock.get", 7)

    def test_a_plain_test_can_ask_too(self, app: FastNFuriousAPI, nats: RecordedNats) -> None:
        """Through the portal of its client."""

        @app.nats.subscribe("double")
        async def double(number: int) -> int:
            return number * 2

        with TestClient(app) as client:
            assert client.portal is not None
            assert client.portal.call(nats.request, "double", 7).value == 14


def with_consumer(app: FastNFuriousAPI) -> FastNFuriousAPI:
    """Add a stream, a consumer and a bucket."""
    app.nats.jetstream.stream("ORDERS", subjects=["orders.>", "bills.>", "dead.>"])

    @app.nats.jetstream.consume("orders.*", durable="billing", dead_letter="dead.orders")
    async def bill(item: int) -> None:
        store = app.nats.jetstream.key_value("prices")
        price = await store.find("chair")
        await app.nats.jetstream.publish("bills.new", {"item": item, "price": price and price.json})

    @app.post("/orders/{item}/kept")
    async def order(item: int) -> object:
        published = await app.nats.jetstream.publish("orders.new", item, id=str(item))
        return {"duplicate": published.duplicate}

    return app


async def test_messages_for_streams_are_recorded(app: FastNFuriousAPI, nats: RecordedNats) -> None:
    """As publications, without what JetStream needs to work."""
    async with AsyncTestClient(with_consumer(app)) as client:
        assert (await client.post("/orders/7/kept")).json() == {"duplicate": False}
        assert (await client.post("/orders/7/kept")).json() == {"duplicate": True}
        [bill] = await nats.wait_published("bills.*")
    assert bill.json == {"item": 7, "price": None}
    assert [message.json for message in nats.published("orders.*")] == [7, 7]
    assert nats.requested() == []


async def test_injected_messages_reach_consumers(app: FastNFuriousAPI, nats: RecordedNats) -> None:
    """What does not fit ends among the dead letters."""
    async with AsyncTestClient(with_consumer(app)):
        await app.nats.jetstream.key_value("prices").put("chair", 20)
        nats.inject("orders.new", 4)
        [bill] = await nats.wait_published("bills.*")
        nats.inject("orders.new", "x")
        [letter] = await nats.wait_published("dead.*")
    assert bill.json == {"item": 4, "price": 20}
    assert letter.headers["Dead-Letter-Reason"] == "invalid"
