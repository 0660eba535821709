"""A service that the ``nats`` tool knows, on the embedded server and on nats-server."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from fastnfurious.core.errors import ConfigurationError, ResourceNotFound
from fastnfurious.nats import NatsClient, NatsService, NoResponders
from fastnfurious.nats.asyncapi import asyncapi_document
from tests.conformance.nats.conftest import Clients


class Stock(BaseModel):
    """What is left."""

    item: int
    left: int


def make_service() -> NatsService:
    """Return a service with endpoints of every kind."""
    service = NatsService("inventory", version="1.2.3", description="Counts things.")

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
async def service(clients: Clients) -> NatsService:
    """Return a service that is running."""
    service = make_service()
    client = await clients.client()
    service.join(client)
    await client.flush()
    return service


async def test_requests_are_answered(service: NatsService, client: NatsClient) -> None:
    """Also by a function that has nothing to say."""
    assert await client.request("stock.get", 7, response=Stock) == Stock(item=7, left=3)
    assert (await client.request_json("admin.reset")).status is True
    reply = await client.request_json("stock.get", -1)
    assert (reply.status, reply.error, reply.code) == (False, "no such item", 404)


@pytest.mark.parametrize("subject", ["$SRV.PING", "$SRV.PING.inventory", "$SRV.PING.inventory.{}"])
async def test_a_ping_tells_who_it_is(
    service: NatsService, client: NatsClient, subject: str
) -> None:
    """Asked of all, of those of a name, or of one."""
    assert await client.request(subject.format(service.id)) == {
        "type": "io.nats.micro.v1.ping_response",
        "name": "inventory",
        "id": service.id,
        "version": "1.2.3",
        "metadata": {},
    }


async def test_info_tells_what_it_does(service: NatsService, client: NatsClient) -> None:
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
    assert info["endpoints"][0]["metadata"] == {"cost": "low"}


async def test_stats_tell_what_it_has_done(service: NatsService, client: NatsClient) -> None:
    """Errors are counted, and the last one named without its message."""
    for item in (1, 2, -1):
        await client.request_json("stock.get", item)
    stats: Any = await client.request("$SRV.STATS")
    assert stats["type"] == "io.nats.micro.v1.stats_response"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", stats["started"])
    endpoint = stats["endpoints"][0]
    assert (endpoint["num_requests"], endpoint["num_errors"]) == (3, 1)
    assert endpoint["last_error"] == "404:ResourceNotFound"
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


SCRIPT = """
import asyncio
from fastnfurious.nats import NatsService

service = NatsService("slow", version="1.0.0")

@service.reply("slow")
async def slow(number: int) -> int:
    await asyncio.sleep(0.2)
    return number

service.run()
"""


async def test_a_script_finishes_what_it_has_begun(
    url: str, client: NatsClient, tmp_path: Path
) -> None:
    """SIGTERM in the middle of a request loses nothing."""
    script = tmp_path / "service.py"
    script.write_text(SCRIPT, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(script), env={"NATS_URL": url}, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(20):
            while True:
                try:
                    assert await client.request("slow", 1) == 1
                    break
                except NoResponders:
                    await asyncio.sleep(0.02)
        asking = asyncio.create_task(client.request("slow", 2))
        await asyncio.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert await asking == 2
        async with asyncio.timeout(10):
            assert await process.wait() == 0
        with pytest.raises(NoResponders):
            await client.request("slow", 3)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize(("name", "version"), [("a b", "1.0.0"), ("", "1.0.0"), ("a", "1.0")])
def test_a_wrong_name_or_version_is_refused(name: str, version: str) -> None:
    """Others would not understand it."""
    with pytest.raises(ConfigurationError, match="cannot be the"):
        NatsService(name, version=version)


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
