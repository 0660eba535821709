"""A service that the ``nats`` tool knows, on the embedded server and on nats-server."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from pydantic import BaseModel

from fastnfurious.core.errors import ConfigurationError, ResourceNotFound
from fastnfurious.nats import MicroService, NatsClient, NoResponders
from fastnfurious.nats.asyncapi import asyncapi_document
from tests.conformance.nats.conftest import Clients


class Stock(BaseModel):
    """What is left."""

    item: int
    left: int


def make_service() -> MicroService:
    """Return a service with endpoints of every kind."""
    service = MicroService("inventory", version="1.2.3", description="Counts things.")

    @service.reply("stock.get", metadata={"cost": "low"})
    async def get_stock(item: int) -> Stock:
        """Say how much is left."""
        if item < 0:
            raise ResourceNotFound("no such item")
        return Stock(item=item, left=3)

    admin = service.group("admin", queue="admins")

    @admin.reply("reset", name="reset-all")
    async def reset() -> None:
        """Begin anew."""

    @service.subscribe("stock.changed", queue="")
    async def on_change(item: int) -> None:
        """Take note."""

    return service


@pytest.fixture
async def service(clients: Clients) -> MicroService:
    """Return a service that is running."""
    service = make_service()
    client = await clients.client()
    service.join(client)
    await client.flush()
    return service


async def test_requests_are_answered(service: MicroService, client: NatsClient) -> None:
    """Also by a function that has nothing to say."""
    assert await client.request("stock.get", 7, response=Stock) == Stock(item=7, left=3)
    assert (await client.request_json("admin.reset")).status is True
    reply = await client.request_json("stock.get", -1)
    assert (reply.status, reply.error, reply.code) == (False, "no such item", 404)


@pytest.mark.parametrize("subject", ["$SRV.PING", "$SRV.PING.inventory", "$SRV.PING.inventory.{}"])
async def test_a_ping_tells_who_it_is(
    service: MicroService, client: NatsClient, subject: str
) -> None:
    """Asked of all, of those of a name, or of one."""
    assert await client.request(subject.format(service.id)) == {
        "type": "io.nats.micro.v1.ping_response",
        "name": "inventory",
        "id": service.id,
        "version": "1.2.3",
        "metadata": {},
    }


async def test_info_tells_what_it_does(service: MicroService, client: NatsClient) -> None:
    """Endpoint by endpoint."""
    info: Any = await client.request("$SRV.INFO.inventory")
    assert (info["type"], info["description"]) == (
        "io.nats.micro.v1.info_response",
        "Counts things.",
    )
    told = [(each["name"], each["subject"], each["queue_group"]) for each in info["endpoints"]]
    assert told == [
        ("get_stock", "stock.get", "q"),
        ("reset-all", "admin.reset", "admins"),
        ("on_change", "stock.changed", ""),
    ]
    metadata = info["endpoints"][0]["metadata"]
    assert metadata["cost"] == "low"
    assert json.loads(metadata["request_schema"]) == {"type": "integer"}
    assert set(json.loads(metadata["response_schema"])["properties"]) == {"item", "left"}
    assert info["endpoints"][1]["metadata"] == {}


async def test_stats_tell_what_it_has_done(service: MicroService, client: NatsClient) -> None:
    """Errors are counted, and the last one named without its message."""
    for item in (1, 2, -1):
        await client.request_json("stock.get", item)
    stats: Any = await client.request("$SRV.STATS")
    assert stats["type"] == "io.nats.micro.v1.stats_response"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", stats["started"])
    endpoint = stats["endpoints"][0]
    assert (endpoint["num_requests"], endpoint["num_errors"]) == (3, 1)
    assert endpoint["last_error"] == "404:ResourceNotFound"
    await client.request_json("stock.get", "x")
    stats = await client.request("$SRV.STATS")
    assert stats["endpoints"][0]["last_error"] == "400:InvalidPayload"
    assert endpoint["average_processing_time"] == endpoint["processing_time"] // 3 > 0


async def test_instances_share_the_requests(clients: Clients, client: NatsClient) -> None:
    """By their queue group."""
    services = [make_service() for _ in range(2)]
    for service in services:
        own = await clients.client()
        service.join(own)
        await own.flush()
    for number in range(40):
        await client.request("stock.get", number)
    counts = [service.stats()["endpoints"][0]["num_requests"] for service in services]
    assert sum(counts) == 40 and all(counts)


async def test_an_endpoint_that_is_added_later_is_served(
    service: MicroService, client: NatsClient
) -> None:
    """And told of."""

    @service.reply("stock.count")
    async def count() -> int:
        return 1

    for joined in service._clients:
        await joined.flush()
    assert await client.request("stock.count") == 1
    info: Any = await client.request("$SRV.INFO.inventory")
    assert info["endpoints"][-1]["name"] == "count"


async def test_counting_can_begin_anew(service: MicroService, client: NatsClient) -> None:
    """For all endpoints."""
    await client.request("stock.get", 1)
    service.reset()
    assert service.stats()["endpoints"][0]["num_requests"] == 0


async def test_a_service_can_be_stopped_alone(service: MicroService, client: NatsClient) -> None:
    """Its client stays open."""
    await service.stop()
    with pytest.raises(NoResponders):
        await client.request("stock.get", 1)
    with pytest.raises(NoResponders):
        await client.request("$SRV.PING.inventory")


async def test_what_takes_too_long_is_told_so(clients: Clients, client: NatsClient) -> None:
    """Requests that are not finished in time, or not even begun, are answered with an error."""
    service, own = MicroService("slow", version="1.0.0"), await clients.client(drain_timeout=0.1)

    @service.reply("slow")
    async def slow() -> None:
        await asyncio.sleep(60)

    service.join(own)
    await own.flush()
    asking = [asyncio.create_task(client.request_json("slow")) for _ in range(3)]
    await asyncio.sleep(0.1)
    await service.stop()
    answers = [await each for each in asking]
    assert [(answer.code, "stopping" in str(answer.error)) for answer in answers] == [
        (503, True)
    ] * 3


@pytest.mark.parametrize(
    ("name", "version"),
    [("a b", "1.0.0"), ("", "1.0.0"), ("a", "1.0"), ("a", "1.0.01"), ("a", "1.0.0-01")],
)
def test_a_wrong_name_or_version_is_refused(name: str, version: str) -> None:
    """Others would not understand it."""
    with pytest.raises(ConfigurationError, match="cannot be the"):
        MicroService(name, version=version)


@pytest.mark.parametrize("prefix", ["", "a.>", ">", "a b", "a..b"])
def test_a_group_has_a_beginning_that_subjects_can_have(prefix: str) -> None:
    """One of all subjects would leave no room for more."""
    with pytest.raises(ConfigurationError, match="beginning of subjects"):
        make_service().group(prefix)


def test_a_name_that_tools_do_not_take_is_refused() -> None:
    """At the decorator."""
    with pytest.raises(ConfigurationError, match="name of an endpoint"):

        @make_service().reply("stock.get", name="get stock")
        async def get_stock() -> None:
            """Do nothing."""


def test_the_asyncapi_document_describes_it() -> None:
    """Channels, operations, replies and schemas, and every reference leads somewhere."""
    document = asyncapi_document([make_service()], title="Shop", version="1.0.0")
    assert document["asyncapi"] == "3.0.0"
    operation = document["operations"]["inventory_get_stock"]
    assert (operation["action"], operation["summary"]) == ("receive", "Say how much is left.")
    assert operation["bindings"]["nats"]["queue"] == "q"
    assert document["channels"]["stock_get"]["address"] == "stock.get"
    assert set(document["components"]["schemas"]) == {"Stock"}
    assert "reply" not in document["operations"]["inventory_on_change"]
    for reference in re.findall(r"'\$ref': '#/([^']+)'", str(document)):
        found: Any = document
        for part in reference.split("/"):
            found = found[part]
