"""Whatever clients send: no failure unlogged, no label that grows with input, problems for errors.

Requests are made of random methods, paths, queries, headers and bodies, mixed with pieces that
reach deep into the application, and clients that leave at any point.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, BackgroundTasks, Body, Cookie, Header, Request, UploadFile, WebSocket
from fastapi.responses import StreamingResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from starlette.requests import ClientDisconnect
from starlette.types import Message, Scope
from starlette.websockets import WebSocketDisconnect

from fastnfurious import FastNFuriousAPI, HTTPException
from fastnfurious.core.errors import is_logged
from fastnfurious.logs.testing import RecordedLogs
from tests.application.asgi import exchange, http_scope, websocket_scope
from tests.application.observed import Observed

PROBLEM = b"application/problem+json"


class PlannedFailure(Exception):
    """What the handlers of this file fail with."""


class Node(BaseModel):
    """A body that may be deep."""

    name: str
    size: float = 0
    children: list[Node] = []


def build_routes(app: FastNFuriousAPI) -> None:
    """Give an application handlers that take, stream, fail and work in the background."""
    router = APIRouter(prefix="/r/{tenant}")

    @router.post("/nodes/{number}")
    async def nodes(number: int, node: Node, limit: int = 0) -> Node:
        return node

    @router.post("/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    @router.post("/upload")
    async def upload(file: UploadFile) -> int:
        return len(await file.read())

    @router.get("/fails/{how}")
    async def fails(how: str) -> None:
        if how == "detail":
            raise HTTPException(400, {"odd": float("nan"), "how": object()})
        if how == "text":
            raise HTTPException(400, how)
        raise PlannedFailure(how)

    @router.get("/given")
    async def given(x: Annotated[int, Header()], c: Annotated[str, Cookie()]) -> str:
        return c * x

    @router.get("/stream")
    async def stream(broken: bool = False) -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"one"
            await asyncio.sleep(0)
            if broken:
                raise PlannedFailure("half-way")
            yield b"two"

        return StreamingResponse(chunks())

    @router.post("/background")
    async def background(tasks: BackgroundTasks, broken: Annotated[bool, Body()]) -> None:
        def work() -> None:
            if broken:
                raise PlannedFailure("after the answer")

        tasks.add_task(work)

    @router.websocket("/ws/{number}")
    async def websocket(websocket: WebSocket, number: int, token: str = "") -> None:
        await websocket.accept()
        while True:
            message = await websocket.receive_json()
            if message == "fail":
                raise PlannedFailure("on purpose")
            await websocket.send_json(message)

    app.include_router(router)


def build() -> FastNFuriousAPI:
    """Return an application with included routers and another one mounted in it."""
    app, mounted = FastNFuriousAPI(max_body_size=4096), FastNFuriousAPI()
    build_routes(app)
    build_routes(mounted)
    app.mount("/m/{region}", mounted)
    return app


APP = build()

PIECES = ["r", "m", "eu", "nodes", "raw", "upload", "fails", "given", "stream", "background", "ws"]
KNOWN = [
    *["/r/a/nodes/1", "/r/a/raw", "/r/a/upload", "/r/a/fails/x", "/r/a/fails/detail"],
    *["/r/a/given", "/r/a/stream", "/r/a/background", "/m/eu/r/a/nodes/1", "/m/eu/r/a/fails/x"],
    *["/health/ready", "/metrics", "/logs/levels", "/openapi.json", "/docs", "/"],
]
segment = st.sampled_from(PIECES) | st.text(max_size=12) | st.integers().map(str)
path = st.sampled_from(KNOWN) | st.lists(segment, max_size=6).map(
    lambda parts: "/" + "/".join(parts)
)
method = st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS"]) | st.text(
    min_size=1, max_size=8
)
query = st.binary(max_size=40) | st.sampled_from(
    [b"broken=1", b"limit=x", b"limit=%ff", b"token=1"]
)
odd_value = st.binary(max_size=150)
value = odd_value | st.sampled_from(
    [
        *[b"application/json", b"text/plain", b"application/x-www-form-urlencoded"],
        *[
            b"multipart/form-data; boundary=x",
            b"multipart/form-data",
            b"*/*",
            b"0",
            b"-1",
            b"99999",
        ],
        *[b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01", b"c=1", b"gzip", b"websocket"],
    ]
)
name = st.sampled_from(
    [
        *[b"content-type", b"content-length", b"x-request-id", b"traceparent", b"tracestate"],
        *[b"baggage", b"cookie", b"accept", b"host", b"x", b"origin", b"transfer-encoding"],
    ]
) | st.binary(max_size=20).map(bytes.lower)
headers = st.lists(st.tuples(name, value), max_size=6)
json_value: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["name", "size", "children", "broken"]), inner, max_size=3),
    max_leaves=8,
)
multipart = st.binary(max_size=60).map(
    lambda data: b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n' + data
)
body = (
    st.binary(max_size=200)
    | json_value.map(lambda value: json.dumps(value).encode())
    | multipart
    | st.integers(4000, 5000).map(bytes)
)


@st.composite
def http_messages(draw: st.DrawFn) -> list[Message]:
    """Return a body in parts, which may end with the client's departure at any point."""
    parts = draw(st.lists(body, min_size=1, max_size=3))
    messages: list[Message] = [
        {"type": "http.request", "body": part, "more_body": number < len(parts) - 1}
        for number, part in enumerate(parts)
    ]
    stay = draw(st.integers(0, len(messages)))
    return [*messages[:stay], {"type": "http.disconnect"}]


@st.composite
def websocket_messages(draw: st.DrawFn) -> list[Message]:
    """Return what a client sends before it leaves."""
    text = st.text(max_size=20) | json_value.map(json.dumps) | st.just('"fail"')
    sent = draw(st.lists(text, max_size=3))
    messages: list[Message] = [{"type": "websocket.receive", "text": data} for data in sent]
    code = draw(st.integers(1000, 4999))
    end: Message = {"type": "websocket.disconnect", "code": code, "reason": ""}
    return [{"type": "websocket.connect"}, *messages, end]


@pytest.fixture(scope="module")
def observed() -> Iterator[Observed]:
    """Return the application, running and observed; at the end its labels are looked at."""
    with Observed(APP) as run:
        yield run
        check_labels(run)


def send(scope: Scope, messages: list[Message]) -> tuple[list[Message], BaseException | None]:
    """Return what the application answered, and what it raised to the server."""
    try:
        return asyncio.run(exchange(APP, scope, messages)), None
    except Exception as error:
        sent: list[Message] = error.__dict__["sent"]
        return sent, error


def check_failure(logs: RecordedLogs, error: BaseException | None) -> None:
    """Make sure that whatever was raised is planned, and one entry in the log."""
    entries = logs.find_all(logger="fastnfurious.application.middleware", level="ERROR")
    if error is None or isinstance(error, ClientDisconnect | WebSocketDisconnect):
        assert not entries
    else:
        assert isinstance(error, PlannedFailure | json.JSONDecodeError) or _is_late(error), entries
        assert len(entries) == 1 and entries[0]["exception"]
    assert error is None or is_logged(error)


def _is_late(error: BaseException) -> bool:
    """Return whether the limit of the body was passed while the answer was on its way."""
    return isinstance(error, RuntimeError) and "response already started" in str(error)


def check_labels(run: Observed) -> None:
    """Make sure that labels come from the code, not from clients."""
    routes = {"unmatched", "/m/{region}/{path}"}
    for inner in ("", "/m/{region}"):
        routes |= {inner + "/r/{tenant}" + tail for tail in TAILS}
        routes |= {inner + tail for tail in OWN}
    methods = {"GET", "POST", "PUT", "HEAD", "OPTIONS", "PATCH", "DELETE", "TRACE", "CONNECT"}
    for method, route, status in run.requests:
        assert route in routes
        assert method in methods | {"QUERY", "_OTHER"}
        assert 200 <= int(status) < 600
    assert run.requests
    for code, route in run.samples("websocket_connections_total"):
        assert route in routes
        assert code in {*map(str, range(1000, 1016)), "3xxx", "4xxx", "other"}


TAILS = {
    *("/nodes/{number}", "/raw", "/upload", "/fails/{how}", "/given", "/stream", "/background"),
    "/ws/{number}",
}
OWN = {
    *("/health/live", "/health/ready", "/health/startup", "/metrics", "/logs/levels"),
    *("/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"),
}
ANYTHING = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@ANYTHING
@given(path, method, headers, query, http_messages())
def test_any_request_is_answered_and_observed(
    observed: Observed,
    path: str,
    method: str,
    headers: list[tuple[bytes, bytes]],
    query: bytes,
    messages: list[Message],
) -> None:
    """Every answer has a request id, every error is a problem, every failure is logged once."""
    observed.logs.clear()
    sent, error = send(http_scope(path, method, headers, query), messages)
    check_failure(observed.logs, error)
    assert APP.lifecycle.in_flight == 0
    if not sent:
        assert isinstance(error, ClientDisconnect)
        return
    answered = dict(sent[0]["headers"])
    assert answered[b"x-request-id"]
    if sent[0]["status"] >= 400 and not path.startswith("/health/"):
        assert answered[b"content-type"] == PROBLEM
        content = b"".join(message.get("body", b"") for message in sent[1:])
        problem = json.loads(content)
        assert problem["status"] == sent[0]["status"]
        assert problem["request_id"] == answered[b"x-request-id"].decode()


@ANYTHING
@given(
    st.sampled_from(["/r/a/ws/1", "/r/a/ws/x", "/m/eu/r/a/ws/1", "/none"]) | path,
    headers,
    query,
    websocket_messages(),
)
def test_any_websocket_is_answered_and_observed(
    observed: Observed,
    path: str,
    headers: list[tuple[bytes, bytes]],
    query: bytes,
    messages: list[Message],
) -> None:
    """A connection is accepted or refused, ends with a code, and is counted once."""
    observed.logs.clear()
    before = _counted(observed)
    sent, error = send(websocket_scope(path, headers, query), messages)
    check_failure(observed.logs, error)
    assert APP.lifecycle.in_flight == 0
    assert _counted(observed) == before + 1
    assert observed.samples("websocket_connections_in_progress") == {(): 0}
    for message in sent:
        if message["type"] == "websocket.close":
            assert len((message.get("reason") or "").encode()) <= 123


def _counted(run: Observed) -> float:
    websockets = run.samples("websocket_connections_total").values()
    return sum(websockets) + sum(run.requests.values())
