"""Websockets: how many, how long, how they ended."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import WebSocket, WebSocketException
from starlette.types import Message
from starlette.websockets import WebSocketDisconnect

from fastnfurious import FastNFuriousAPI, HTTPException
from tests.application.asgi import exchange, websocket_scope
from tests.application.observed import Observed

CONNECT: Message = {"type": "websocket.connect"}


@pytest.fixture
def app() -> FastNFuriousAPI:
    """Return an application with websockets that end in every way."""
    app = FastNFuriousAPI()

    @app.websocket("/echo")
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        async for text in websocket.iter_text():
            await websocket.send_text(text)

    @app.websocket("/unguarded")
    async def unguarded(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.receive_text()

    @app.websocket("/closes/{code}")
    async def closes(websocket: WebSocket, code: int) -> None:
        await websocket.accept()
        await websocket.close(code)

    @app.websocket("/refuses")
    async def refuses(websocket: WebSocket) -> None:
        await websocket.close()

    @app.websocket("/policy")
    async def policy(websocket: WebSocket) -> None:
        await websocket.accept()
        raise WebSocketException(4001)

    @app.websocket("/fails")
    async def fails(websocket: WebSocket) -> None:
        await websocket.accept()
        raise RuntimeError("no")

    @app.websocket("/fails-early")
    async def fails_early(websocket: WebSocket) -> None:
        raise RuntimeError("no")

    @app.websocket("/denied")
    async def denied(websocket: WebSocket) -> None:
        raise HTTPException(402, "pay first")

    return app


def test_a_connection_is_counted_while_it_is_open(app: FastNFuriousAPI) -> None:
    """The gauge counts open connections, the counter closed ones by close code."""
    with Observed(app) as run:
        with run.client.websocket_connect("/echo") as websocket:
            websocket.send_text("a")
            websocket.receive_text()
            assert run.samples("websocket_connections_in_progress") == {(): 1}
            assert app.lifecycle.in_flight == 1
        assert run.samples("websocket_connections_in_progress") == {(): 0}
        assert run.samples("websocket_connections_total") == {("1000", "/echo"): 1}
        assert run.samples("websocket_duration_seconds_count") == {("1000", "/echo"): 1}
        assert run.requests == {}


def test_a_connection_is_one_span_and_one_line(app: FastNFuriousAPI) -> None:
    """The access line carries the close code where a request has its status."""
    with Observed(app) as run:
        with run.client.websocket_connect("/echo"):
            pass
        line = run.access[0]
        assert (line["method"], line["route"], line["status"]) == ("WEBSOCKET", "/echo", 1000)
        assert line["level"] == "INFO"
        assert len(run.spans.all()) == 1


def test_a_client_that_leaves_is_no_error(app: FastNFuriousAPI) -> None:
    """A handler need not catch the disconnect for the log to stay quiet."""
    with Observed(app) as run:
        with pytest.raises(WebSocketDisconnect):
            with run.client.websocket_connect("/unguarded") as websocket:
                websocket.close(1001)
        assert run.samples("websocket_connections_total") == {("1001", "/unguarded"): 1}
        assert not run.spans.all()[0].failed
        run.logs.assert_not_logged(level="ERROR")


def test_a_lost_connection_is_told_from_a_closed_one(app: FastNFuriousAPI) -> None:
    """No close code at all is 1006."""
    lost: Message = {"type": "websocket.disconnect", "code": None}
    with Observed(app) as run:
        asyncio.run(exchange(app, websocket_scope("/echo"), [CONNECT, lost]))
        assert run.samples("websocket_connections_total") == {("1006", "/echo"): 1}


@pytest.mark.parametrize(("path", "code"), [("/closes/1012", "1012"), ("/policy", "4xxx")])
def test_the_code_of_the_application_is_recorded(
    app: FastNFuriousAPI, path: str, code: str
) -> None:
    """Standard codes are told apart; those that anybody may make up are not."""
    with Observed(app) as run:
        with run.client.websocket_connect(path) as websocket:
            with pytest.raises(WebSocketDisconnect):
                websocket.receive_text()
        assert [labels[0] for labels in run.samples("websocket_connections_total")] == [code]


def test_a_failure_is_logged_once(app: FastNFuriousAPI) -> None:
    """A handler that fails ends its connection with 1011."""
    with Observed(app) as run:
        with pytest.raises(RuntimeError), run.client.websocket_connect("/fails"):
            pass
        assert len(run.logs.find_all(exception=RuntimeError)) == 1
        assert run.samples("websocket_connections_total") == {("1011", "/fails"): 1}
        assert run.access[0]["level"] == "ERROR"
        assert run.spans.all()[0].failed


@pytest.mark.parametrize(
    ("path", "status"),
    [("/refuses", "403"), ("/none", "403"), ("/denied", "402"), ("/fails-early", "500")],
)
def test_a_handshake_that_is_refused_is_a_request(
    app: FastNFuriousAPI, path: str, status: str
) -> None:
    """No connection was opened; the client saw an HTTP status."""
    with Observed(app) as run:
        try:
            asyncio.run(exchange(app, websocket_scope(path), [CONNECT]))
        except RuntimeError:
            pass
        route = "unmatched" if path == "/none" else path
        assert run.requests == {("GET", route, status): 1}
        assert run.samples("websocket_connections_total") == {}
        assert run.samples("http_requests_in_progress") == {(): 0}
