"""The live server, used directly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from fastapi import BackgroundTasks, FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse
from starlette.testclient import TestClient

from fastnfurious.core.errors import StartupError
from fastnfurious.testing import AsyncTestClient, LiveServer


def broken(when: str) -> FastAPI:
    """Return an application that fails at start-up or at shutdown."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if when == "startup":
            raise RuntimeError("no paint left")
        yield
        raise RuntimeError("paint spilt")

    return FastAPI(lifespan=lifespan)


def test_it_serves_streams_and_state_and_releases_its_port() -> None:
    """What needs a real connection works, and afterwards nobody listens."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
        yield {"colour": "blue"}

    app = FastAPI(lifespan=lifespan)

    @app.get("/stream")
    async def stream(request: Request) -> StreamingResponse:
        return StreamingResponse(iter([request.state.colour, "!"]))

    with LiveServer(app) as server:
        assert str(server) == server.url == f"http://127.0.0.1:{server.port}"
        with httpx2.stream("GET", f"{server.url}/stream") as response:
            assert "".join(response.iter_text()) == "blue!"
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(server.url)


def test_it_listens_on_ipv6() -> None:
    """An IPv6 address is written into the URL as it has to be."""
    with LiveServer(FastAPI(), host="::1") as server:
        assert server.url == f"http://[::1]:{server.port}"
        assert httpx2.get(f"{server.url}/openapi.json").status_code == 200


def test_a_failed_start_tells_the_applications_own_reason() -> None:
    """The error of the lifespan is the message and the cause."""
    with pytest.raises(StartupError, match="could not be started: no paint left") as caught:
        LiveServer(broken("startup")).start()
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_a_failed_stop_is_told_too() -> None:
    """An application that fails on its way out fails the test."""
    with pytest.raises(StartupError, match="failed while it was stopping: paint spilt"):
        with LiveServer(broken("shutdown")):
            pass


def test_an_application_that_never_starts_is_given_up() -> None:
    """A test never hangs in its set-up."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await asyncio.sleep(1)
        yield

    with pytest.raises(StartupError, match=r"no answer within 0\.1 s"):
        LiveServer(FastAPI(lifespan=lifespan), timeout=0.1).start()


def test_an_application_that_never_stops_is_given_up() -> None:
    """A test never hangs in its tear-down."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.sleep(2)

    with pytest.raises(StartupError, match=r"did not stop within 0\.5 s"):
        with LiveServer(FastAPI(lifespan=lifespan), timeout=0.5):
            pass


def test_requests_in_flight_are_finished() -> None:
    """Stopping waits for the answer that is being made."""
    app = FastAPI()

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(0.3)
        return "done"

    async def ask(server: LiveServer) -> str:
        async with httpx2.AsyncClient(base_url=server.url) as client:
            answer = asyncio.create_task(client.get("/slow"))
            await asyncio.sleep(0.1)
            await asyncio.to_thread(server.stop)
            return str((await answer).json())

    server = LiveServer(app)
    server.start()
    assert asyncio.run(ask(server)) == "done"


def test_a_test_can_wait_for_what_follows_a_response() -> None:
    """Background work that goes on after the answer is awaited, up to the time limit."""
    app = FastAPI()
    done: list[str] = []

    async def work(seconds: float) -> None:
        await asyncio.sleep(seconds)
        done.append("work")

    @app.get("/{seconds}")
    async def answer(seconds: float, tasks: BackgroundTasks) -> None:
        tasks.add_task(work, seconds)

    with LiveServer(app, timeout=0.5) as server:
        httpx2.get(f"{server.url}/0.1")
        server.wait_idle()
        assert done == ["work"]
        httpx2.get(f"{server.url}/0.8")
        with pytest.raises(TimeoutError, match="still running after 0.5 s: 1"):
            server.wait_idle()


@pytest.mark.parametrize("when", ["startup", "shutdown"])
async def test_the_async_client_raises_what_the_lifespan_raises(when: str) -> None:
    """A lifespan that fails shows its own error in the test."""
    with pytest.raises(RuntimeError, match="paint"):
        async with AsyncTestClient(broken(when)):
            pass


async def test_an_application_that_ignores_the_lifespan_is_refused() -> None:
    """A start-up that is never answered is an error in place of a hanging test."""

    async def silent(scope: object, receive: object, send: object) -> None:
        return None

    with pytest.raises(StartupError, match="failed at startup: its lifespan ended"):
        async with AsyncTestClient(silent):
            pass


async def test_the_async_client_hands_on_the_lifespans_state() -> None:
    """Requests see what the lifespan yielded, each its own copy."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
        yield {"colour": "blue"}

    app = FastAPI(lifespan=lifespan)

    @app.get("/colour")
    async def colour(request: Request) -> str:
        before = str(request.state.colour)
        request.state.colour = "red"
        return before

    async with AsyncTestClient(app) as client:
        assert [(await client.get("/colour")).json() for _ in "12"] == ["blue", "blue"]


async def test_the_async_client_may_show_what_a_client_would_get() -> None:
    """A handler's error is raised in the test, or answered as a 500."""
    app = FastAPI()

    @app.get("/fail")
    async def fail() -> None:
        raise RuntimeError("no paint left")

    async with AsyncTestClient(app) as client:
        with pytest.raises(RuntimeError, match="no paint left"):
            await client.get("/fail")
    async with AsyncTestClient(app, raise_server_exceptions=False) as client:
        assert (await client.get("/fail")).status_code == 500


def test_websockets_reach_a_live_server() -> None:
    """The server speaks websockets as well."""
    websockets = pytest.importorskip("websockets.sync.client")
    app = FastAPI()

    @app.websocket("/echo")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())
        await socket.close()

    with LiveServer(app) as server, websockets.connect(f"ws{server.url[4:]}/echo") as socket:
        socket.send("hello")
        assert socket.recv() == "hello"
    with TestClient(app) as client, client.websocket_connect("/echo") as session:
        session.send_text("hello")
        assert session.receive_text() == "hello"
