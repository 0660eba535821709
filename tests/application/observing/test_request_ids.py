"""The id of a request: taken from the caller or made, and always answered."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import Request, Response, WebSocket

from fastnfurious import FastNFuriousAPI
from fastnfurious.core.context import request_id
from fastnfurious.testing.identifiers import SequentialIdentifiers
from tests.application.observed import Observed

FIRST = f"{1:032x}"


@pytest.fixture
def app() -> FastNFuriousAPI:
    """Return an application whose ids are counted."""
    app = FastNFuriousAPI(identifiers=SequentialIdentifiers())

    @app.get("/id")
    async def current() -> str | None:
        return request_id.get()

    @app.get("/own")
    async def own(response: Response) -> None:
        response.headers["X-Request-ID"] = "my own"

    @app.get("/fails")
    async def fails() -> None:
        raise RuntimeError("no")

    @app.websocket("/ws")
    async def websocket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(str(request_id.get()))
        await websocket.close()

    return app


@pytest.mark.parametrize("sane", ["7", "a-b_c.d:e/f+g=", "~" * 128])
def test_a_sane_id_of_the_caller_is_taken(app: FastNFuriousAPI, sane: str) -> None:
    """Visible ASCII of up to 128 characters is the caller's to choose."""
    with Observed(app) as run:
        answer = run.client.get("/id", headers={"X-Request-ID": sane})
        assert (answer.json(), answer.headers["x-request-id"]) == (sane, sane)
        assert run.access[0]["request_id"] == sane


@pytest.mark.parametrize("odd", [b"", b"a b", b"~" * 129, b"\xe9", b"a\tb", b"\x7f"])
def test_another_id_is_replaced(app: FastNFuriousAPI, odd: bytes) -> None:
    """What could forge a log line or fill a disk is not taken over."""
    with Observed(app) as run:
        answer = run.client.get("/id", headers={b"x-request-id": odd})
        assert answer.headers["x-request-id"] == FIRST == answer.json()


def test_a_request_without_an_id_gets_one(app: FastNFuriousAPI) -> None:
    """Each request gets another id."""
    with Observed(app) as run:
        ids = [run.client.get("/id").json() for _ in range(2)]
        assert ids == [FIRST, f"{2:032x}"]


def test_no_id_is_left_after_the_request(app: FastNFuriousAPI) -> None:
    """What runs next in the same context is not part of the request."""
    with Observed(app) as run:
        run.client.get("/id")
    assert request_id.get() is None


@pytest.mark.parametrize(("path", "status"), [("/none", 404), ("/id/", 307), ("/fails", 500)])
def test_errors_are_answered_with_the_id(app: FastNFuriousAPI, path: str, status: int) -> None:
    """An answer that is no success is the one whose id is looked for."""
    with Observed(app) as run:
        answer = run.client.get(path, follow_redirects=False)
        assert answer.status_code == status
        assert answer.headers.get_list("x-request-id") == [FIRST]


def test_an_id_that_the_handler_answers_stays(app: FastNFuriousAPI) -> None:
    """A proxy that passes another service's answer on keeps that service's id."""
    with Observed(app) as run:
        assert run.client.get("/own").headers.get_list("x-request-id") == ["my own"]


def test_a_websocket_has_an_id(app: FastNFuriousAPI) -> None:
    """The handshake is answered with the id, and the handler sees it."""
    with Observed(app) as run, run.client.websocket_connect("/ws") as websocket:
        assert websocket.receive_text() == FIRST
        answered: Any = websocket.extra_headers
        assert (b"x-request-id", FIRST.encode()) in answered


def test_an_answer_that_is_sent_twice_is_not_changed(app: FastNFuriousAPI) -> None:
    """The id is added to a copy: a prepared answer does not collect the ids of all requests."""
    prepared = Response("same")

    @app.get("/prepared")
    async def same(request: Request) -> Response:
        return prepared

    with Observed(app) as run:
        run.client.get("/prepared")
        assert len(run.client.get("/prepared").headers.get_list("x-request-id")) == 1
