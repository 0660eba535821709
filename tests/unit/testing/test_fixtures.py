"""The fixtures, used by this repository's own tests as a service would use them."""

from __future__ import annotations

from typing import Annotated

import httpx2
import pytest
from fastapi import Depends
from loguru import logger
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from fastnfurious import FastNFuriousAPI
from fastnfurious.core.errors import UnknownIntegration
from fastnfurious.core.health import CheckResult
from fastnfurious.core.identifiers import new_identifier
from fastnfurious.core.integration import Integration, IntegrationStatus, Mode
from fastnfurious.core.registry import Registry, RegistryEntry
from fastnfurious.core.settings import FastNFuriousSettings, Settings
from fastnfurious.logs.testing import RecordedLogs
from fastnfurious.metrics.testing import MetricsSnapshot
from fastnfurious.testing import (
    AsyncTestClient,
    FrozenClock,
    LiveServer,
    SequentialIdentifiers,
)
from fastnfurious.tracing.testing import RecordedSpans


class Lamp(Integration):
    """A lamp that is switched, and that remembers how often it was."""

    name = "lamp"
    settings_class = Settings
    switched = 0

    @property
    def resource(self) -> Lamp:
        """Return the lamp."""
        return self

    @property
    def status(self) -> IntegrationStatus:
        """Return that it is nowhere."""
        return IntegrationStatus(Mode.EMBEDDED, "in process")

    def switch(self) -> None:
        """Switch it."""
        self.switched += 1

    async def open(self) -> None:
        """Do nothing."""

    async def aclose(self) -> None:
        """Do nothing."""

    async def check(self) -> CheckResult:
        """Pass."""
        return CheckResult()


def new_lamp() -> Lamp:
    """Return a lamp with settings of its own."""
    return Lamp(Settings(), FastNFuriousSettings())


def get_user() -> str:
    """Return who asks."""
    return "nobody"


@pytest.fixture
def app(clock: FrozenClock) -> FastNFuriousAPI:
    """Return a service that logs, records a span, and uses an integration."""
    app = FastNFuriousAPI(clock=clock)
    app.integrations.registry = Registry([RegistryEntry("lamp", f"{__name__}:Lamp", "lamp")])

    @app.get("/paint")
    async def paint(user: Annotated[str, Depends(get_user)]) -> str:
        async with app.tracer.create_child_span("mix colours"):
            logger.info("Painting for {}", user)
        return user

    @app.get("/switch")
    async def switch() -> None:
        app.integrations.get("lamp").resource.switch()

    return app


def test_spans_logs_and_identifiers_are_recorded(
    client: TestClient, spans: RecordedSpans, logs: RecordedLogs, ids: SequentialIdentifiers
) -> None:
    """A test sees what a request leaves behind, joined by ids that it knows."""
    client.get("/paint")
    assert spans.get("mix colours").is_child_of(spans.get("GET /paint"))
    line = logs.assert_logged("Painting for nobody", level="INFO")
    assert [line["request_id"]] == ids.issued == [f"{1:032x}"]
    assert line["trace_id"] == spans.get("GET /paint").trace_id


def test_metrics_are_compared_with_those_before(
    client: TestClient, metrics: MetricsSnapshot
) -> None:
    """A test sees by how much its own requests have changed the numbers."""
    client.get("/paint")
    assert metrics.delta("http_requests_total", route="/paint") == 1


def test_the_frozen_clock_is_the_applications(
    client: TestClient, logs: RecordedLogs, clock: FrozenClock
) -> None:
    """What is logged carries the time at which the test has set the clock."""
    clock.advance(60)
    client.get("/paint")
    line = logs.assert_logged("Painting")
    assert line["time"].startswith("2030-01-01T00:01:00")


class TestOneApplicationForAllTests:
    """An application that is made once, as a module of a service makes it."""

    shared = FastNFuriousAPI()

    @pytest.fixture
    def app(self) -> FastNFuriousAPI:
        """Return the same application to each test."""
        return self.shared

    def test_requests_use_the_known_ids(
        self, client: TestClient, ids: SequentialIdentifiers
    ) -> None:
        """The fixture takes the place of the random ids."""
        client.get("/nothing")
        assert len(ids.issued) == 1

    def test_identifiers_are_given_back(self) -> None:
        """After the test that used the fixture, ids are random again."""
        assert self.shared.identifiers is new_identifier


async def test_the_async_client_records_as_well(
    async_client: AsyncTestClient, spans: RecordedSpans
) -> None:
    """Fixtures that record go with every client."""
    await async_client.get("/paint")
    assert spans.tree() == "GET /paint\n  mix colours"


def test_the_live_server_records_as_well(
    live_server: LiveServer, spans: RecordedSpans, dependency_overrides: dict[object, object]
) -> None:
    """The server shares the test's process, so overrides and recordings work."""
    dependency_overrides[get_user] = lambda: "somebody"
    assert httpx2.get(f"{live_server.url}/paint").json() == "somebody"
    live_server.wait_idle()
    assert spans.get("mix colours").parent_id == spans.get("GET /paint").span_id


def test_an_integration_is_replaced_for_one_test(app: FastNFuriousAPI, client: TestClient) -> None:
    """A recording double takes the place of the real one, and gives it back."""
    first, second = new_lamp(), new_lamp()
    with app.integrations.replaced("lamp", first):
        client.get("/switch")
        with app.integrations.replaced("lamp", second):
            client.get("/switch")
        client.get("/switch")
    assert (first.switched, second.switched) == (2, 1)
    with pytest.raises(UnknownIntegration), app.integrations.replaced("bell", first):
        pass


class TestAnyApplication:
    """An ASGI application that knows nothing of FastAPI."""

    @pytest.fixture
    def app(self) -> Starlette:
        """Return an application with one route."""
        return Starlette(routes=[Route("/", lambda request: PlainTextResponse("hello"))])

    def test_it_is_answered_by_the_same_clients(
        self, client: TestClient, live_server: LiveServer, ids: SequentialIdentifiers
    ) -> None:
        """Clients ask nothing of an application but ASGI."""
        assert client.get("/").text == httpx2.get(live_server.url).text == "hello"
        assert ids.issued == []
