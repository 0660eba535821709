"""What only a real server shows: clients that hang up, its own error log, broken connections."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from fastapi.responses import StreamingResponse

from fastnfurious import FastNFuriousAPI
from fastnfurious.logs.testing import RecordedLogs
from fastnfurious.testing.live_server import LiveServer
from tests.application.observed import Observed

ARRIVED = threading.Event()


@pytest.fixture
def app() -> FastNFuriousAPI:
    """Return an application that waits, streams and fails."""
    app = FastNFuriousAPI()
    ARRIVED.clear()

    @app.get("/slow")
    async def slow() -> str:
        ARRIVED.set()
        await asyncio.sleep(0.2)
        return "done"

    @app.get("/stream")
    async def stream(broken: bool = False) -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(200):
                yield b"chunk" * 100
                ARRIVED.set()
                await asyncio.sleep(0.01)
                if broken:
                    raise RuntimeError("half-way")

        return StreamingResponse(chunks())

    @app.get("/fails")
    async def fails() -> None:
        raise RuntimeError("no")

    return app


@pytest.fixture
def server(app: FastNFuriousAPI) -> Iterator[LiveServer]:
    """Return the application on a port."""
    with LiveServer(app) as server:
        yield server


def hang_up(server: LiveServer, path: str) -> None:
    """Send a request, and leave as soon as the handler runs."""
    with socket.create_connection((server.host, server.port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert ARRIVED.wait(10)
    server.wait_idle()


@pytest.mark.parametrize("path", ["/slow", "/stream"])
def test_a_client_that_hangs_up_is_recorded(
    app: FastNFuriousAPI, server: LiveServer, path: str
) -> None:
    """Whether the handler notices or not, nobody got the answer."""
    hang_up(server, path)
    assert Observed(app).requests == {("GET", path, "499"): 1}


def test_a_client_that_stays_is_recorded(app: FastNFuriousAPI, server: LiveServer) -> None:
    """A connection that is closed after the answer is no departure."""
    assert httpx2.get(f"{server.url}/slow").json() == "done"
    server.wait_idle()
    assert Observed(app).requests == {("GET", "/slow", "200"): 1}


def test_the_servers_second_report_is_left_out(server: LiveServer) -> None:
    """The exception goes on to the server, which would log it again."""
    with RecordedLogs() as logs:
        answer = httpx2.get(f"{server.url}/fails")
        server.wait_idle()
        assert answer.json()["status"] == 500
        assert len(logs.find_all(exception=RuntimeError)) == 1
        assert len(logs.find_all(level="ERROR")) == 2  # the exception and the access line


def test_an_answer_that_breaks_off_closes_the_connection(
    app: FastNFuriousAPI, server: LiveServer
) -> None:
    """The client can tell that it has not got everything."""
    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.get(f"{server.url}/stream?broken=1")
    server.wait_idle()
    assert Observed(app).requests == {("GET", "/stream", "500"): 1}


def test_a_draining_service_closes_its_connections(
    app: FastNFuriousAPI, server: LiveServer
) -> None:
    """Also that of a request which was there before."""
    with httpx2.Client(base_url=server.url) as client:
        assert "connection" not in client.get("/docs").headers
        timer = threading.Timer(0.05, app.lifecycle.begin_drain)
        timer.start()
        assert client.get("/slow").headers["connection"] == "close"
        timer.join()


def test_bytes_that_are_no_url_are_the_clients_error(server: LiveServer) -> None:
    """A query that is not UTF-8 does not break the redirect to the path with a slash."""
    with socket.create_connection((server.host, server.port)) as connection:
        connection.sendall(b"GET /slow/?q=%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 307")
