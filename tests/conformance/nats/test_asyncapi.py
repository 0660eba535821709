"""The AsyncAPI document, judged by the official schema of AsyncAPI 3."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

import pytest
from jsonschema import Draft7Validator
from pydantic import BaseModel
from typing_extensions import TypedDict

from fastnfurious.nats import Message, MicroService
from fastnfurious.nats.asyncapi import asyncapi_document
from servers.fleet import Fleet
from servers.installing import npm_package
from servers.server import ServerUnavailable
from tests.conformance.nats.conftest import make_client

_VERSION = "6.11.1"
_SHA256 = "01af8744dc33c0c7eb2e908f6a955319ee58b70ecadc9387d1aeb16c0cd28928"


class Line(BaseModel):
    """A part of an order."""

    item: int
    amount: float = 1


class Order(BaseModel):
    """A model with another inside."""

    lines: list[Line]
    parent: Order | None = None


@dataclass
class Size:
    """A dataclass."""

    width: int


class Place(TypedDict):
    """A typed dict."""

    row: int


@pytest.fixture(scope="module")
def schema() -> Draft7Validator:
    """Return the official schema, which may be missing only where no server is required."""
    try:
        package = npm_package(Fleet().programs, "@asyncapi/specs", _VERSION, _SHA256)
    except ServerUnavailable as error:
        if os.environ.get("REQUIRE_REAL"):
            pytest.fail(f"REQUIRE_REAL is set, but the schema is missing: {error}", pytrace=False)
        pytest.skip(f"the schema of AsyncAPI cannot be had: {error}")
    text = (package / "schemas" / "3.0.0-without-$id.json").read_text(encoding="utf-8")
    return Draft7Validator(json.loads(text))


def document() -> dict[str, Any]:
    """Return the document of a service and two consumers, with payloads of every kind."""
    service = MicroService("shop", version="1.0.0")

    @service.reply("orders.get")
    async def get(item: int) -> Order:
        """Return an order."""
        return Order(lines=[])

    @service.reply("sizes.*", name="size", queue="")
    async def size(data: bytes) -> Size | None:
        return None

    @service.subscribe("places.>")
    async def place(place: Place, message: Message) -> None:
        """Take note."""

    @service.subscribe("text")
    async def text(words: str) -> None:
        """Take note."""

    @service.subscribe("anything")
    async def anything(value) -> None:  # type: ignore[no-untyped-def]
        """Take note."""

    jetstream = make_client("nats://localhost:1").jetstream

    @jetstream.consume("orders.*", durable="billing", stream="ORDERS", dead_letter="dead.orders")
    async def bill(order: Order) -> None:
        """Send a bill."""

    @jetstream.consume("orders.*", durable="stock")
    async def reserve(order: Order) -> None:
        """Keep the goods."""

    return asyncapi_document(
        [service], title="Shop", version="1.0.0", consumers=jetstream.consumers
    )


def test_it_is_valid(schema: Draft7Validator) -> None:
    """By every rule of the schema."""
    found = [
        f"{error.json_path}: {error.message[:300]}" for error in schema.iter_errors(document())
    ]
    assert found == []


@pytest.mark.parametrize(
    "breakage",
    [
        {"asyncapi": "2.0.0"},
        {"info": {"title": "Shop"}},
        {"operations": {"x": {"action": "listen", "channel": {"$ref": "#/channels/y"}}}},
        {"colour": "blue"},
    ],
)
def test_the_schema_notices_what_is_wrong(
    schema: Draft7Validator, breakage: dict[str, object]
) -> None:
    """Or the test above would say nothing."""
    assert not schema.is_valid({**document(), **breakage})


def test_every_reference_leads_somewhere() -> None:
    """Which the schema does not see."""
    whole = document()
    references = _references(whole)
    assert len(references) > 10
    for reference in references:
        place: Any = whole
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def _references(part: object) -> list[str]:
    if isinstance(part, dict):
        own = [value for key, value in part.items() if key == "$ref" and isinstance(value, str)]
        return own + [each for value in part.values() for each in _references(value)]
    if isinstance(part, list):
        return [each for value in part for each in _references(value)]
    return []


def test_consumers_are_described() -> None:
    """With their stream and what becomes of messages that fail."""
    operations = document()["operations"]
    bill = operations["billing_bill"]
    assert (bill["action"], bill["summary"]) == ("receive", "Send a bill.")
    assert bill["channel"] == {"$ref": "#/channels/orders_any"}
    assert bill["x-jetstream"] == {
        "durable": "billing",
        "stream": "ORDERS",
        "maxDeliveries": 5,
        "deadLetter": "dead.orders",
    }
    assert operations["stock_reserve"]["x-jetstream"] == {"durable": "stock", "maxDeliveries": 5}
