"""A service that is deployed from a plain script: its parts, its start, its command line."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fastnfurious import FastNFuriousAPI, FastNFuriousSettings, NatsService
from fastnfurious.core.errors import ConfigurationError
from fastnfurious.logs.testing import RecordedLogs
from fastnfurious.metrics.testing import MetricsSnapshot
from fastnfurious.nats.testing import RecordedNats
from fastnfurious.testing.application import load_application
from fastnfurious.testing.async_client import AsyncTestClient
from fastnfurious.tracing.testing import RecordedSpans


def make_service(**options: Any) -> NatsService:
    """Return a service with an endpoint of each kind."""
    service = NatsService("inventory", version="1.2.3", description="Counts things.", **options)

    @service.reply("stock.get")
    async def get_stock(item: int) -> int:
        """Say how much is left."""
        return item * 2

    @service.subscribe("orders.created")
    async def reserve(order: dict[str, int]) -> None:
        """Take note of an order."""
        service.metrics.counter("orders", "Orders seen.").inc()

    return service


service = make_service()
"""What the command line is tried on."""


class TestServing:
    """What it does once it is started."""

    async def test_it_answers_and_listens(self) -> None:
        """Over the client that it shares with its handlers."""
        service = make_service()
        before = MetricsSnapshot(service.metrics)
        async with AsyncTestClient(service.app):
            assert await service.nats.request("stock.get", 7) == 14
            await service.nats.publish("orders.created", {"id": 1})
            await service.nats.flush()
            await service.stop()
        assert before.delta("orders_total") == 1

    async def test_http_is_for_those_who_run_it(self) -> None:
        """Health, which knows about NATS, and metrics; neither documents nor other routes."""
        async with AsyncTestClient(make_service().app) as http:
            ready = (await http.get("/health/ready")).json()
            assert (ready["serviceId"], ready["version"]) == ("inventory", "1.2.3")
            assert list(ready["checks"]) == ["nats"]
            assert (await http.get("/metrics")).status_code == 200
            assert (await http.get("/docs")).status_code == 404
            assert (await http.get("/openapi.json")).status_code == 404

    async def test_a_message_has_a_span_and_its_lines_an_id(self) -> None:
        """As a request over HTTP has."""
        service = NatsService("inventory", version="1.0.0")

        @service.subscribe("orders.created")
        async def reserve(order: dict[str, int]) -> None:
            from loguru import logger

            logger.info("reserved")

        with RecordedLogs() as logs, RecordedSpans(service.tracing) as spans:
            async with AsyncTestClient(service.app):
                await service.nats.publish("orders.created", {"id": 1})
                await service.nats.flush()
                await service.stop()
        line = logs.find(message="reserved")
        [span] = [span for span in spans if span.name == "process orders.created"]
        assert line is not None and line["request_id"]
        assert line["trace_id"] == span.trace_id

    async def test_the_lines_of_a_message_belong_together_without_an_exporter(self) -> None:
        """They have a trace id, though nobody records the trace."""
        service = NatsService("inventory", version="1.0.0")

        @service.reply("trace")
        async def tell() -> str:
            return service.current_span.trace_id or ""

        async with AsyncTestClient(service.app):
            first = await service.nats.request("trace", response=str)
            second = await service.nats.request("trace", response=str)
        assert len(first) == len(second) == 32 and first != second

    async def test_it_can_be_started_again(self) -> None:
        """With the same endpoints, each once."""
        service = make_service()
        for _ in range(2):
            async with AsyncTestClient(service.app):
                assert await service.nats.request("stock.get", 7) == 14
                assert len(service.nats.services) == 1

    async def test_the_lifespan_surrounds_the_messages(self) -> None:
        """What a handler needs is open before the first message, and until the last."""
        told: list[str] = []

        @asynccontextmanager
        async def lifespan(service: NatsService) -> AsyncIterator[None]:
            told.append(f"open {service.name}")
            yield
            told.append("close")

        service = make_service(lifespan=lifespan)

        @service.reply("told")
        async def tell() -> list[str]:
            return told

        for _ in range(2):
            told.clear()
            async with AsyncTestClient(service.app):
                assert await service.nats.request("told") == ["open inventory"]
            assert told == ["open inventory", "close"]

    async def test_it_handles_what_a_stream_keeps(self) -> None:
        """From its start on, what was kept before included; the table of routes names it."""
        done: list[int] = []
        opened: list[bool] = []

        @asynccontextmanager
        async def lifespan(service: NatsService) -> AsyncIterator[None]:
            assert not done
            await service.nats.jetstream.publish("orders.kept", {"id": 7})
            opened.append(True)
            yield

        service = NatsService("inventory", version="1.0.0", lifespan=lifespan)
        service.nats.jetstream.stream("ORDERS", subjects=["orders.>"])

        @service.consume("orders.*", durable="inventory")
        async def count(order: dict[str, int]) -> None:
            assert opened
            done.append(order["id"])

        assert ("CONSUME", "orders.*", "inventory") in [
            (each.verb, each.address, each.name) for each in service.integrations.handled
        ]
        async with AsyncTestClient(service.app), asyncio.timeout(5):
            while not done:
                await asyncio.sleep(0.01)
        assert done == [7]

    def test_a_consumer_has_to_be_async(self) -> None:
        """It is refused where it is written."""
        with pytest.raises(ConfigurationError, match="async"):
            make_service().consume("orders.*", durable="inventory")(print)  # type: ignore[arg-type]

    async def test_it_can_join_an_application(self) -> None:
        """Then that application's client serves it, and nothing of its own is opened."""
        app, service = FastNFuriousAPI(title="Shop"), make_service()
        service.join(app.nats)
        async with AsyncTestClient(app):
            assert await app.nats.request("stock.get", 7) == 14

    async def test_a_double_takes_the_place_of_the_server(self) -> None:
        """As in an application."""
        service = make_service()
        with RecordedNats(service.integrations.get("nats")) as nats:  # type: ignore[arg-type]
            async with AsyncTestClient(service.app):
                reply = await nats.request("stock.get", 7)
        assert reply.value == 14


class TestParts:
    """What a service gives its handlers."""

    def test_it_has_the_parts_of_an_application(self) -> None:
        """And its integrations, by name."""
        service = make_service()
        assert service.logs is service.app.logs
        assert service.nats is service.app.nats
        assert service.s3 is service.app.s3

    @pytest.mark.parametrize("name", ["get", "middleware", "mist", "_private"])
    def test_it_has_nothing_else_of_it(self, name: str) -> None:
        """A service over NATS has no HTTP routes of its own."""
        with pytest.raises(AttributeError, match=name):
            getattr(make_service(), name)

    def test_it_is_called_as_it_says(self) -> None:
        """In logs, traces, metrics and health."""
        settings = make_service().settings
        assert (settings.service_name, settings.service_version) == ("inventory", "1.2.3")

    def test_variables_may_call_it_otherwise(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As with every service."""
        monkeypatch.setenv("SERVICE_NAME", "inventory-eu")
        assert make_service().settings.service_name == "inventory-eu"

    def test_settings_of_its_own_are_taken_as_they_are(self) -> None:
        """A class, or an object."""

        class Own(FastNFuriousSettings):
            shelves: int = 7

        made = Own.load(shelves=8)
        assert getattr(make_service(settings=Own).settings, "shelves") == 7
        assert make_service(settings=made).settings is made

    def test_a_test_run_can_name_it(self) -> None:
        """The fixtures work on the application around it."""
        assert load_application(f"{__name__}:service") is service.app


class TestCommandLine:
    """The same words as for a service over HTTP."""

    @pytest.fixture(autouse=True)
    def main_module(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Let this module be the script that is run."""
        monkeypatch.setitem(sys.modules, "__main__", sys.modules[__name__])
        yield
        gc.unfreeze()  # the end of a command freezes what the end of a process would visit

    def run(self, *words: str, given: NatsService = service) -> int | str | None:
        """Return the exit code of a script."""
        with pytest.raises(SystemExit) as ended:
            given.run(words)
        return ended.value.code

    def test_routes_lists_the_subjects(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Beside what HTTP is for."""
        assert self.run("routes") == 0
        lines = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert ["REPLY", "stock.get", "get_stock", "inventory"] in lines
        assert ["SUBSCRIBE", "orders.created", "reserve", "inventory"] in lines
        assert ["GET", "/health/ready", "health", "management"] in lines

    def test_asyncapi_describes_it(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Without a server."""
        assert self.run("asyncapi") == 0
        document = json.loads(capsys.readouterr().out)
        assert document["info"] == {"title": "inventory", "version": "1.2.3"}
        assert set(document["operations"]) == {"inventory_get_stock", "inventory_reserve"}

    def test_wrong_settings_are_listed_together(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Those of NATS are no exception."""
        monkeypatch.setenv("NATS_URL", "http://bus")
        monkeypatch.setenv("LOG_LEVEL", "loud")
        assert self.run("start", given=make_service()) == 2
        told = capsys.readouterr().err
        assert "NATS_URL" in told and "LOG_LEVEL" in told and "Traceback" not in told

    def test_a_service_that_no_variable_holds_can_be_run(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """One that a function of the script has made, for example."""
        assert self.run("version", given=make_service()) == 0
        assert capsys.readouterr().out.startswith("inventory ")

    def test_a_service_that_nobody_calls_names_itself(self) -> None:
        """A wrapped application is not taken for a service."""
        from fastnfurious.cli.target import Target
        from fastnfurious.core.errors import ApplicationNotFound

        assert Target(f"{__name__}:service", "inventory").load() is service.app
        with pytest.raises(ApplicationNotFound, match="of type Wrapped"):
            Target(f"{__name__}:wrapped", "inventory").load()


class Wrapped:
    """An ASGI application around another one."""

    def __init__(self, app: FastNFuriousAPI) -> None:
        self.app = app

    async def __call__(self, *message: Any) -> None:
        """Pass it on."""
        await self.app(*message)


wrapped = Wrapped(FastNFuriousAPI())
