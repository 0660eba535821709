"""Errors as problem details, whatever raised them."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import pytest
from fastapi import Body, Cookie, Depends, FastAPI, Form, Header
from fastapi import HTTPException as FastAPIHTTPException
from fastapi import Query, Request, WebSocket
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.testclient import TestClient
from starlette.types import Message
from starlette.websockets import WebSocketDisconnect

from fastnfurious import FastNFuriousAPI, HTTPException
from fastnfurious.core.errors import (
    Conflict,
    FastNFuriousError,
    OperationTimeout,
    ResourceNotFound,
    ResourceUnavailable,
    StartupError,
)
from tests.application.asgi import exchange, http_scope, websocket_scope
from tests.application.observed import Observed

PROBLEM = "application/problem+json"


class Account(BaseModel):
    """A body with a secret."""

    name: str
    password: Annotated[str, Field(min_length=8)]


async def guard() -> None:
    """Let nobody in."""
    raise HTTPException(401, "Who are you?")


def raising(error: BaseException, **options: Any) -> FastNFuriousAPI:
    """Return an application whose only route raises an error."""
    app = FastNFuriousAPI(**options)

    @app.get("/raises")
    async def raises() -> None:
        raise error

    return app


def answer_to(error: BaseException, **options: Any) -> Any:
    """Return the answer to an error."""
    client = TestClient(raising(error, **options), raise_server_exceptions=False)
    return client.get("/raises", headers={"X-Request-ID": "r1"})


@pytest.fixture
def app() -> FastNFuriousAPI:
    """Return an application that takes every kind of input."""
    app = FastNFuriousAPI()

    @app.post("/accounts")
    async def accounts(account: Account) -> str:
        return account.name

    @app.get("/search/{page}")
    async def search(
        page: int,
        limit: Annotated[int, Query()],
        x_tenant: Annotated[int, Header()],
        session: Annotated[int, Cookie()],
    ) -> int:
        return page + limit + x_tenant + session

    @app.post("/form")
    async def form(amount: Annotated[int, Form()]) -> int:
        return amount

    @app.post("/limited")
    async def limited(data: Annotated[dict[str, int], Body()]) -> int:
        return len(data)

    return app


def test_an_http_exception_becomes_a_problem() -> None:
    """Every member of a problem is there."""
    answer = answer_to(FastAPIHTTPException(404, "No such book"))
    problem = answer.json()
    assert answer.headers["content-type"] == PROBLEM
    assert len(problem.pop("trace_id")) == 32
    assert problem == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "No such book",
        "instance": "/raises",
        "request_id": "r1",
    }


@pytest.mark.parametrize("kind", [FastAPIHTTPException, StarletteHTTPException, HTTPException])
def test_headers_of_an_http_exception_are_kept(kind: type[StarletteHTTPException]) -> None:
    """A 401 says how to log in, whichever of the three classes was raised."""
    answer = answer_to(kind(401, headers={"WWW-Authenticate": "Bearer", "Content-Length": "1"}))
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["title"] == "Unauthorized"


def test_a_media_type_sends_the_text_as_it_is() -> None:
    """``media_type`` is for clients that want no problem."""
    answer = answer_to(HTTPException(500, "no stock", {"X-Shop": "1"}, media_type="text/plain"))
    assert (answer.status_code, answer.text) == (500, "no stock")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-shop"] == "1"


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_gets_none(status: int) -> None:
    """HTTP forbids a body there."""
    answer = answer_to(HTTPException(status))
    assert (answer.status_code, answer.content) == (status, b"")
    assert "content-type" not in answer.headers


@pytest.mark.parametrize(
    ("detail", "data"),
    [
        ({"reason": "empty", "left": 0}, {"reason": "empty", "left": 0}),
        ([1, float("nan")], [1, None]),
        (b"\xff", "\ufffd"),
        (object, "type"),
        ({"self": Ellipsis}, {"self": "ellipsis"}),
        (0, 0),
    ],
    ids=str,
)
def test_a_detail_that_is_no_text_has_a_member_of_its_own(detail: Any, data: Any) -> None:
    """``detail`` stays the text that RFC 9457 wants."""
    problem = answer_to(HTTPException(400, detail)).json()
    assert problem["data"] == data
    assert problem["detail"] == "Bad Request"


def test_a_detail_with_half_a_character_is_sent() -> None:
    """Lone surrogates cannot be encoded, and break nothing."""
    assert answer_to(HTTPException(400, "half \ud83d")).json()["detail"] == "half ?"


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (ResourceNotFound("No book 7"), 404, "No book 7"),
        (Conflict("Book 7 exists"), 409, "Book 7 exists"),
        (ResourceUnavailable("db at 10.0.0.7 is away"), 503, "Service Unavailable"),
        (OperationTimeout("db at 10.0.0.7 is slow"), 504, "Gateway Timeout"),
    ],
)
def test_our_errors_have_their_status(error: FastNFuriousError, status: int, detail: str) -> None:
    """Their message is only shown when it is meant for clients."""
    answer = answer_to(error)
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)


def test_an_error_may_name_its_kind() -> None:
    """A client tells kinds of problems apart by their type, not by their words."""

    class OutOfStock(Conflict):
        type = "https://shop.example/problems/out-of-stock"
        title = "Out of stock"

    problem = answer_to(OutOfStock("The last book is sold")).json()
    assert (problem["type"], problem["title"]) == (OutOfStock.type, "Out of stock")


def test_a_service_that_is_away_is_one_warning_without_a_trace() -> None:
    """An outage fills no log with traces; the message is there."""
    with Observed(raising(ResourceUnavailable("db is away"))) as run:
        run.client.get("/raises")
        warning = run.logs.assert_logged("db is away", level="WARNING")
        assert warning["exception"] is None
        assert run.requests == {("GET", "/raises", "503"): 1}


def test_an_error_of_the_service_itself_is_unexpected() -> None:
    """An error of ours that is nobody's but the service's is logged like any other."""
    with Observed(raising(StartupError("secret"))) as run:
        answer = run.client.get("/raises")
        assert answer.status_code == 500 and "secret" not in answer.text
        assert len(run.logs.find_all(exception=StartupError)) == 1


def test_an_unexpected_error_says_nothing_of_its_cause() -> None:
    """Neither message nor trace reaches a client."""
    answer = answer_to(RuntimeError("postgres://user:secret@db"))
    assert answer.status_code == 500
    assert answer.json()["detail"].startswith("The service failed")
    assert "secret" not in answer.text and "Traceback" not in answer.text


def test_the_wrong_method_keeps_its_allow_header(app: FastNFuriousAPI) -> None:
    """A 405 says which methods there are."""
    answer = TestClient(app).get("/accounts")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.headers["content-type"] == PROBLEM


def test_a_body_that_is_not_valid_is_pointed_at(app: FastNFuriousAPI) -> None:
    """Each fault has a pointer, and the input is not repeated."""
    answer = TestClient(app).post("/accounts", json={"password": "hunter2"})
    assert answer.status_code == 422
    faults = {fault["pointer"]: fault["code"] for fault in answer.json()["errors"]}
    assert faults == {"/name": "missing", "/password": "string_too_short"}
    assert "hunter2" not in answer.text


def test_parameters_that_are_not_valid_are_named(app: FastNFuriousAPI) -> None:
    """Query, header, path and cookie parameters are told apart."""
    client = TestClient(app, cookies={"session": "x"})
    answer = client.get("/search/x?limit=x", headers={"X-Tenant": "x"})
    assert {(fault["location"], fault["parameter"]) for fault in answer.json()["errors"]} == {
        ("path", "page"),
        ("query", "limit"),
        ("header", "x-tenant"),
        ("cookie", "session"),
    }


MALFORMED = [
    (b'{"name": ', "application/json", 422),
    (b"\xff\xfe", "application/json", 422),
    (b'{"name": "\xff"}', "application/json", 400),
    (b"[" * 100_000, "application/json", 400),
    (b'"\\ud800"', "application/json", 422),
    (b"NaN", "application/json", 422),
    (b"{}", "text/plain", 422),
    (b"", "application/json", 422),
    (b"{}", "application/json; charset=\xff", 422),
]


@pytest.mark.parametrize(("body", "media_type", "status"), MALFORMED)
def test_a_malformed_body_is_the_clients_error(
    app: FastNFuriousAPI, body: bytes, media_type: str, status: int
) -> None:
    """Bad JSON, bad UTF-8, bottomless nesting: a problem of the 400 class."""
    headers = {b"content-type": media_type.encode("latin-1")}
    answer = TestClient(app).post("/accounts", content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"--x--", "multipart/form-data"),
        (b"\xff=\xff", "application/x-www-form-urlencoded"),
    ],
)
def test_a_malformed_form_is_the_clients_error(
    app: FastNFuriousAPI, body: bytes, media_type: str
) -> None:
    """Forms that break off or are no forms are problems of the 400 class."""
    answer = TestClient(app).post("/form", content=body, headers={"content-type": media_type})
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == PROBLEM


@pytest.mark.parametrize("reads", [True, False], ids=["read", "unread"])
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_a_body_that_is_too_large_is_a_problem(reads: bool, declared: bool) -> None:
    """The limit is answered with 413, whether the handler reads the body or not."""
    app = FastNFuriousAPI(max_body_size=10)

    @app.post("/")
    async def handler(request: Request) -> str:
        return str(await request.body()) if reads else "unread"

    headers = [(b"content-length", b"20")] if declared else []
    body: list[Message] = [{"type": "http.request", "body": b"x" * 20, "more_body": False}]
    sent = asyncio.run(exchange(app, http_scope("/", "POST", headers), body))
    if not reads and not declared:
        assert sent[0]["status"] == 200
        return
    assert sent[0]["status"] == 413
    assert dict(sent[0]["headers"])[b"content-type"] == PROBLEM.encode()
    assert b'"title":"Content Too Large"' in sent[1]["body"]


def test_handlers_of_the_user_win() -> None:
    """Whoever registers a handler of their own for an error gets it, by class or by status."""

    async def by_hand(request: Request, error: Exception) -> PlainTextResponse:
        return PlainTextResponse(type(error).__name__, 418)

    cases: list[tuple[Any, Exception]] = [
        (StarletteHTTPException, HTTPException(400)),
        (404, HTTPException(404)),
        (ResourceUnavailable, ResourceUnavailable("x")),
        (FastNFuriousError, Conflict("x")),
        (KeyError, KeyError("x")),
        (500, RuntimeError("x")),
        (Exception, RuntimeError("x")),
    ]
    for key, error in cases:
        answer = answer_to(error, exception_handlers={key: by_hand})
        assert (answer.status_code, answer.text) == (418, type(error).__name__)
        later = raising(error)
        later.add_exception_handler(key, by_hand)
        client = TestClient(later, raise_server_exceptions=False)
        assert client.get("/raises").text == type(error).__name__


def test_a_handler_that_fails_is_an_unexpected_error() -> None:
    """An error in an error handler is answered and logged like any other."""

    async def fails(request: Request, error: Exception) -> JSONResponse:
        raise ZeroDivisionError

    app = raising(KeyError("x"), exception_handlers={KeyError: fails})
    with Observed(app) as run:
        assert run.client.get("/raises").json()["status"] == 500
        assert len(run.logs.find_all(exception=ZeroDivisionError)) == 1


def test_debug_shows_the_trace_as_starlette_does() -> None:
    """``debug=True`` is the developer's own wish."""
    assert "Traceback" in answer_to(RuntimeError("x"), debug=True).text


def test_without_problem_details_the_bodies_are_fastapis(app: FastNFuriousAPI) -> None:
    """An API whose clients depend on FastAPI's bodies keeps them, byte for byte."""

    def build(kind: type[FastAPI], **options: Any) -> TestClient:
        api = kind(**options)

        @api.post("/accounts")
        async def accounts(account: Account) -> None:
            raise FastAPIHTTPException(418, {"short": "stout"})

        @api.get("/fails")
        async def fails() -> None:
            raise RuntimeError

        return TestClient(api, raise_server_exceptions=False)

    theirs, ours = build(FastAPI), build(FastNFuriousAPI, problem_details=False)
    account = {"name": "a", "password": "long enough"}
    for method, path, json in [
        ("POST", "/accounts", {}),
        ("POST", "/accounts", account),
        ("GET", "/accounts", None),
        ("GET", "/none", None),
        ("GET", "/fails", None),
    ]:
        expected = theirs.request(method, path, json=json)
        found = ours.request(method, path, json=json)
        assert (found.status_code, found.content) == (expected.status_code, expected.content)
        assert found.headers["content-type"] == expected.headers["content-type"]


def test_a_websocket_that_is_not_valid_is_closed_properly() -> None:
    """The reason is a text that fits into a close frame and does not repeat the input."""
    app = FastNFuriousAPI()

    @app.websocket("/ws/{room}")
    async def room(websocket: WebSocket, room: int, token: int, other: int) -> None:
        await websocket.accept()

    with pytest.raises(WebSocketDisconnect) as closed:
        with TestClient(app).websocket_connect("/ws/secret?token=secret"):
            pass
    assert closed.value.code == 1008
    assert closed.value.reason.startswith("room: Input should be a valid integer")
    assert len(closed.value.reason.encode()) <= 123 and "secret" not in closed.value.reason


def test_an_error_before_a_websocket_is_accepted_is_a_problem() -> None:
    """A handshake is an HTTP request: where the server can, it is refused with a problem."""
    app = FastNFuriousAPI()

    @app.websocket("/ws")
    async def guarded(websocket: WebSocket, user: Annotated[None, Depends(guard)]) -> None: ...

    sent = asyncio.run(exchange(app, websocket_scope("/ws"), [{"type": "websocket.connect"}]))
    assert sent[0]["type"] == "websocket.http.response.start"
    assert (sent[0]["status"], b"Who are you?" in sent[1]["body"]) == (401, True)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (HTTPException(403, "é" * 200), 1008),
        (HTTPException(500), 1011),
        (ResourceUnavailable("x"), 1013),
        (Conflict("x"), 1008),
    ],
)
def test_an_error_on_an_open_websocket_closes_it(error: Exception, code: int) -> None:
    """An open connection can get no HTTP answer; it is closed with the code that fits."""
    app = FastNFuriousAPI()

    @app.websocket("/ws")
    async def fails(websocket: WebSocket) -> None:
        await websocket.accept()
        raise error

    with TestClient(app).websocket_connect("/ws") as websocket:
        with pytest.raises(WebSocketDisconnect) as closed:
            websocket.receive_text()
    assert closed.value.code == code
    assert len(closed.value.reason.encode()) <= 123


def test_the_path_in_a_problem_is_a_uri() -> None:
    """``instance`` is a URI reference whatever the client sent."""
    answer = TestClient(FastNFuriousAPI()).get("/caf%C3%A9/%22%0A<b>")
    assert answer.json()["instance"] == "/caf%C3%A9/%22%0A%3Cb%3E"
