"""NATS in an application: the examples of the roadmap, and what surrounds them."""

from __future__ import annotations

import gc
import socket

import pytest
from fastapi import HTTPException as FastAPIHTTPException
from fastapi import WebSocket
from pydantic import BaseModel
from starlette.testclient import TestClient

from fastnfurious import FastNFuriousAPI, HTTPException
from fastnfurious.core.errors import StartupError
from fastnfurious.core.integration import Mode
from fastnfurious.logs.testing import RecordedLogs
from fastnfurious.metrics.testing import MetricsSnapshot
from fastnfurious.nats import MicroService
from fastnfurious.nats.testing import RecordedNats
from fastnfurious.schemas import Reply
from fastnfurious.testing.async_client import AsyncTestClient
from fastnfurious.tracing.testing import RecordedSpans
from tests.application.shutdown.process import free_port
from tests.unit.nats.service import make_app


class SomethingResult(BaseModel):
    """What the service answers."""

    resource: int


class NewMessage(BaseModel):
    """What the websocket passes on."""

    author: str
    content: str
    timestamp: int


MESSAGE = NewMessage(author="alice", content="hello", timestamp=7)


def with_endpoint(app: FastNFuriousAPI) -> FastNFuriousAPI:
    """Add the first example of the roadmap."""

    @app.get("/something/{resource_id}", response_model=SomethingResult)
    async def fetch_something_associated_with_resource(resource_id: int) -> object:
        res = await app.nats.request_json("something", {"resource_id": resource_id})
        if res.status:
            return res.value
        else:
            raise HTTPException(500, res.error, media_type="text/plain")

    return app


class TestRequests:
    """The endpoint that asks another service."""

    def test_the_value_is_the_response(self, app: FastNFuriousAPI) -> None:
        """Nothing has to be installed or started."""
        with_endpoint(app)

        @app.nats.subscribe("something")
        async def something(query: dict[str, int]) -> SomethingResult:
            return SomethingResult(resource=query["resource_id"])

        with TestClient(app) as client:
            assert client.get("/something/7").json() == {"resource": 7}

    def test_the_error_is_a_text(self, app: FastNFuriousAPI) -> None:
        """As the example says it."""
        with_endpoint(app)

        @app.nats.subscribe("something")
        async def something(query: dict[str, int]) -> SomethingResult:
            raise FastAPIHTTPException(404, "no such resource")

        with TestClient(app) as client:
            answer = client.get("/something/7")
        assert (answer.status_code, answer.text) == (500, "no such resource")
        assert answer.headers["content-type"].startswith("text/plain")

    def test_nobody_listening_is_a_problem_of_status_503(self, app: FastNFuriousAPI) -> None:
        """Whoever asked can try again."""
        with TestClient(with_endpoint(app)) as client:
            answer = client.get("/something/7")
        assert (answer.status_code, answer.json()["status"]) == (503, 503)

    def test_a_timeout_is_a_problem_of_status_504(
        self, app: FastNFuriousAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After the time that the settings say."""
        monkeypatch.setenv("NATS_TIMEOUT", "0.05")
        with_endpoint(app)

        @app.nats.subscribe("something")
        async def listen(query: dict[str, int]) -> None:
            """Listen only."""

        with TestClient(app) as client:
            assert client.get("/something/7").status_code == 504

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    def test_it_works_without_a_lifespan(self) -> None:
        """Each request may have a loop of its own, whose end leaves a connection unclosed."""
        app = with_endpoint(make_app())
        client = TestClient(app)
        assert [client.get("/something/7").status_code for _ in range(2)] == [503, 503]
        del app, client
        gc.collect()

    def test_a_service_can_be_started_again(self, app: FastNFuriousAPI) -> None:
        """With the same handlers."""
        with_endpoint(app)

        @app.nats.subscribe("something")
        async def something(query: dict[str, int]) -> SomethingResult:
            return SomethingResult(resource=query["resource_id"])

        for _ in range(2):
            with TestClient(app) as client:
                assert client.get("/something/7").status_code == 200


class TestWebsockets:
    """The endpoint that passes messages on."""

    @pytest.fixture
    def chat(self, app: FastNFuriousAPI) -> FastNFuriousAPI:
        """Return the second example of the roadmap, and a way to publish."""

        @app.websocket("/ws")
        async def realtime_susbcription(websocket: WebSocket) -> None:
            async with app.create_nats_client() as client:
                await websocket.accept()

                @client.subscribe("messages", start=True)
                async def on_message(msg: NewMessage) -> None:
                    await websocket.send_json(msg)

        @app.post("/messages")
        async def publish(message: NewMessage) -> None:
            await app.nats.publish("messages", message)

        return app

    def test_messages_go_through_the_websocket(
        self, chat: FastNFuriousAPI, nats: RecordedNats
    ) -> None:
        """Until it closes, and for every websocket."""
        with TestClient(chat) as client:
            with client.websocket_connect("/ws") as first, client.websocket_connect("/ws") as other:
                assert client.portal is not None
                client.portal.call(nats.wait_subscribed, "messages", 2)
                for _ in range(3):
                    client.post("/messages", json=MESSAGE.model_dump())
                for websocket in (first, other):
                    got = [websocket.receive_json() for _ in range(3)]
                    assert got == [MESSAGE.model_dump()] * 3
            client.portal.call(nats.wait_subscribed, "messages", 0)
            assert client.post("/messages", json=MESSAGE.model_dump()).status_code == 200

    def test_it_is_not_accepted_when_the_server_is_away(
        self, chat: FastNFuriousAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The handshake fails, with the status of a service that is unavailable."""
        monkeypatch.setenv("NATS_URL", "nats://127.0.0.1:1")
        monkeypatch.setenv("NATS_CONNECT_TIMEOUT", "0.1")
        with TestClient(chat) as client:
            with pytest.raises(Exception) as caught, client.websocket_connect("/ws"):
                raise AssertionError("nobody gets here")
        assert not isinstance(caught.value, AssertionError)


class TestObserving:
    """What can be seen of messages."""

    async def test_one_trace_crosses_from_request_to_handler(self, app: FastNFuriousAPI) -> None:
        """With the request id."""
        from fastnfurious.core.context import request_id

        with_endpoint(app)
        seen: list[str | None] = []

        @app.nats.subscribe("something")
        async def something(query: dict[str, int]) -> SomethingResult:
            seen.append(request_id.get())
            return SomethingResult(resource=7)

        with RecordedSpans(app.tracing) as spans:
            async with AsyncTestClient(app) as client:
                await client.get("/something/7", headers={"x-request-id": "my-request"})
        assert seen == ["my-request"]
        names = {span.name: span for span in spans}
        http, asked = names["GET /something/{resource_id}"], names["request something"]
        handled = names["process something"]
        assert http.trace_id == asked.trace_id == handled.trace_id

    async def test_what_happens_is_measured(self, app: FastNFuriousAPI) -> None:
        """By outcome."""

        @app.nats.subscribe("n")
        async def double(number: int) -> int:
            return number * 2

        before = MetricsSnapshot(app.metrics)
        async with AsyncTestClient(app):
            await app.nats.request_json("n", 1)
            await app.nats.request_json("n", "x")
            await app.nats.publish("elsewhere", 1)
            await app.nats.flush()
            assert before.delta("nats_published_total") == 3
        count = "nats_handling_seconds_count"
        assert before.delta(count, subject="n", outcome="ok") == 1
        assert before.delta(count, subject="n", outcome="invalid") == 1
        assert before.delta("nats_request_seconds_count", outcome="refused") == 1

    async def test_it_is_part_of_readiness(self, app: FastNFuriousAPI) -> None:
        """Under its name."""
        assert app.nats is app.nats
        async with AsyncTestClient(app) as client:
            answer = (await client.get("/health/ready")).json()
        assert answer["checks"]["nats"][0]["status"] == "pass"

    def test_where_it_is_can_be_said_without_credentials(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """For the line at the start, and for `check`."""
        assert make_app().integrations.get("nats").status.address == "in process"
        monkeypatch.setenv("NATS_URL", "nats://alice:secret@bus-1:4222,nats://bus-2")
        status = make_app().integrations.get("nats").status
        assert (status.mode, status.address) == (Mode.REMOTE, "nats://bus-1:4222, nats://bus-2")


def test_the_reply_can_be_imported_from_the_schemas() -> None:
    """Where users look for shapes."""
    assert Reply(True, 1).value == 1


class TestStandIn:
    """The server in the process, seen from elsewhere."""

    async def test_it_listens_where_it_is_told_to(
        self, monkeypatch: pytest.MonkeyPatch, logs: RecordedLogs
    ) -> None:
        """So that tools and other services on this machine find it."""
        port = free_port()
        monkeypatch.setenv("NATS_EMBEDDED_PORT", str(port))
        app, other = make_app(), make_app()
        service = MicroService("inventory", version="1.0.0")

        @service.reply("double")
        async def double(number: int) -> int:
            return number * 2

        service.join(app.nats)
        async with AsyncTestClient(app):
            assert logs.find(message=f"NATS runs in the process, at nats://127.0.0.1:{port}")
            monkeypatch.delenv("NATS_EMBEDDED_PORT")
            monkeypatch.setenv("NATS_URL", f"nats://127.0.0.1:{port}")
            async with AsyncTestClient(other):
                assert await other.nats.request("double", 7) == 14

    async def test_a_port_that_is_taken_stops_the_start(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With the variable's name."""
        app = make_app()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            monkeypatch.setenv("NATS_EMBEDDED_PORT", str(taken.getsockname()[1]))
            app.integrations.get("nats")
            with pytest.raises(StartupError, match="choose another NATS_EMBEDDED_PORT"):
                async with AsyncTestClient(app):
                    """Nobody gets here."""
