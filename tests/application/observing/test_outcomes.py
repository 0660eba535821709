"""What is recorded of a request: its status, its whole duration, who ended it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import BackgroundTasks, Request
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from fastnfurious import FastNFuriousAPI
from tests.application.asgi import exchange, http_scope
from tests.application.observed import Observed

DISCONNECT: Message = {"type": "http.disconnect"}
EMPTY: Message = {"type": "http.request", "body": b"", "more_body": False}


@pytest.fixture
def app() -> FastNFuriousAPI:
    """Return an application that fails, streams and works in the background."""
    app = FastNFuriousAPI()

    @app.get("/fails")
    async def fails() -> None:
        raise RuntimeError("the password is hunter2")

    async def chunks(broken: bool) -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"chunk"
            await asyncio.sleep(0.01)
        if broken:
            raise RuntimeError("half-way")

    @app.get("/stream")
    async def stream(broken: bool = False) -> StreamingResponse:
        return StreamingResponse(chunks(broken))

    @app.get("/background")
    async def background(tasks: BackgroundTasks, broken: bool = False) -> str:
        tasks.add_task(work, broken)
        return "accepted"

    async def work(broken: bool) -> None:
        await asyncio.sleep(0.03)
        if broken:
            raise RuntimeError("after the answer")

    @app.post("/upload")
    async def upload(request: Request) -> int:
        return len(await request.body())

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(30)
        return "never"

    return app


def test_a_failure_is_logged_once_with_its_trace(app: FastNFuriousAPI) -> None:
    """The log has the exception, the request and the trace; the client has none of the cause."""
    with Observed(app) as run:
        answer = run.client.get("/fails", headers={"X-Request-ID": "r1"})
        errors = run.logs.find_all(exception=RuntimeError)
        assert len(errors) == 1
        assert errors[0]["message"] == "GET /fails raised RuntimeError"
        assert errors[0]["request_id"] == "r1"
        assert errors[0]["trace_id"] == run.spans.all()[0].trace_id == answer.json()["trace_id"]
        assert "hunter2" in errors[0]["exception"]["trace"]
        assert "hunter2" not in answer.text and "Traceback" not in answer.text


def test_a_failure_is_counted(app: FastNFuriousAPI) -> None:
    """Metrics, span and access line say 500."""
    with Observed(app) as run:
        run.client.get("/fails")
        assert run.requests == {("GET", "/fails", "500"): 1}
        assert run.spans.all()[0].failed
        assert [line["status"] for line in run.access] == [500]
        assert run.access[0]["level"] == "ERROR"


def test_a_failure_reaches_the_server_like_starlettes(app: FastNFuriousAPI) -> None:
    """The exception is raised again after the answer, so that tests and servers see it."""
    with Observed(app) as run, pytest.raises(RuntimeError, match="hunter2"):
        type(run.client)(app).get("/fails")


def test_a_stream_is_timed_to_its_end(app: FastNFuriousAPI) -> None:
    """The duration of an answer is that of its last byte."""
    with Observed(app) as run:
        assert run.client.get("/stream").content == b"chunk" * 3
        assert run.access[0]["duration"] >= 0.03


def test_background_tasks_are_timed_to_their_end(app: FastNFuriousAPI) -> None:
    """A request holds its worker until its background tasks are done."""
    with Observed(app) as run:
        run.client.get("/background")
        assert run.access[0]["duration"] >= 0.03


def test_a_stream_that_breaks_is_a_failure(app: FastNFuriousAPI) -> None:
    """An answer that broke off is no 200; the error goes on so that the server hangs up."""
    with Observed(app) as run:
        with pytest.raises(RuntimeError, match="half-way"):
            asyncio.run(exchange(app, http_scope("/stream", query=b"broken=1"), [EMPTY]))
        assert run.requests == {("GET", "/stream", "500"): 1}
        assert len(run.logs.find_all(exception=RuntimeError)) == 1


def test_a_background_task_that_fails_leaves_the_answer_as_it_was(app: FastNFuriousAPI) -> None:
    """The client got its 200; the failure is in the log and on the span."""
    with Observed(app) as run:
        assert run.client.get("/background?broken=1").status_code == 200
        assert run.requests == {("GET", "/background", "200"): 1}
        assert len(run.logs.find_all(exception=RuntimeError)) == 1
        assert run.spans.all()[0].failed


def test_a_client_that_leaves_a_stream_is_recorded(app: FastNFuriousAPI) -> None:
    """A client that left is 499, and no error of ours."""
    with Observed(app) as run:
        asyncio.run(exchange(app, http_scope("/stream"), [EMPTY, DISCONNECT]))
        assert run.requests == {("GET", "/stream", "499"): 1}
        assert not run.spans.all()[0].failed
        run.logs.assert_not_logged(level="ERROR")


def test_a_client_that_leaves_an_upload_is_recorded(app: FastNFuriousAPI) -> None:
    """A body that never came to its end is 499."""
    part: Message = {"type": "http.request", "body": b"half", "more_body": True}
    with Observed(app) as run:
        with pytest.raises(ClientDisconnect):
            asyncio.run(exchange(app, http_scope("/upload", "POST"), [part, DISCONNECT]))
        assert run.requests == {("POST", "/upload", "499"): 1}
        run.logs.assert_not_logged(level="ERROR")


def test_a_server_that_knows_of_a_departure_is_asked(app: FastNFuriousAPI) -> None:
    """A handler that waits for nothing is not told that its client has left; uvicorn knows."""

    class Cycle:
        disconnected = False

        async def receive(self) -> Message:
            return EMPTY

        async def send(self, message: Message) -> None:
            self.disconnected = True

    with Observed(app) as run:
        cycle = Cycle()
        asyncio.run(_call(app, http_scope("/background"), cycle.receive, cycle.send))
        assert run.requests == {("GET", "/background", "499"): 1}


async def _call(app: Any, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


def test_a_request_that_is_cancelled_is_recorded(app: FastNFuriousAPI) -> None:
    """A server that gives up leaves nothing in flight; the client has no answer."""

    async def cancel() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await exchange(app, http_scope("/slow"), [EMPTY])

    with Observed(app) as run:
        asyncio.run(cancel())
        assert run.requests == {("GET", "/slow", "500"): 1}
        assert app.lifecycle.in_flight == 0


def test_requests_in_flight_are_counted(app: FastNFuriousAPI) -> None:
    """The lifecycle and the gauge know how many requests are being answered."""

    @app.get("/in-flight")
    async def in_flight() -> list[float]:
        gauge = run.samples("http_requests_in_progress")
        return [app.lifecycle.in_flight, *gauge.values()]

    with Observed(app) as run:
        assert run.client.get("/in-flight").json() == [1, 1]
        assert app.lifecycle.in_flight == 0
        assert run.samples("http_requests_in_progress") == {(): 0}


def test_an_application_that_answers_nothing_is_a_failure() -> None:
    """A mounted application that forgets to answer is counted as 500."""

    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        return None

    app = FastNFuriousAPI()
    app.mount("/silent", silent)
    with Observed(app) as run:
        asyncio.run(exchange(app, http_scope("/silent/x"), [EMPTY]))
        assert run.requests == {("GET", "/silent/{path}", "500"): 1}


def test_an_exception_that_cannot_be_changed_is_logged_once() -> None:
    """A frozen exception cannot be marked by attribute, and still is one entry."""
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Frozen(Exception):
        code: int

    app = FastNFuriousAPI()

    @app.get("/")
    async def fails() -> None:
        raise Frozen(7)

    with Observed(app) as run:
        run.client.get("/")
        assert (
            len(run.logs.find_all(level="ERROR", logger="fastnfurious.application.middleware")) == 1
        )


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics"])
def test_probes_and_scrapes_leave_no_trace(app: FastNFuriousAPI, path: str) -> None:
    """They come every few seconds and would drown everything else; metrics still count them."""
    with Observed(app) as run:
        assert run.client.get(path).status_code == 200
        assert run.access == [] and run.spans.all() == []
        assert run.requests == {("GET", path, "200"): 1}


def test_a_path_that_only_looks_like_a_probe_is_traced(app: FastNFuriousAPI) -> None:
    """Health care is a business."""
    app.get("/healthcare")(lambda: "business")
    with Observed(app) as run:
        run.client.get("/healthcare")
        assert len(run.access) == len(run.spans.all()) == 1


def test_probes_behind_a_prefix_leave_no_trace(app: FastNFuriousAPI) -> None:
    """A proxy's prefix does not hide what a request is for."""
    with Observed(app) as run:
        client = type(run.client)(app, root_path="/proxy")
        assert client.get("/proxy/health/live").status_code == 200
        assert run.access == []


def test_nothing_of_a_request_stays_in_memory(app: FastNFuriousAPI) -> None:
    """No circle of references keeps a request until the garbage collector comes by."""

    class Cycle:
        """What uvicorn makes for each request: it knows the scope, and gives its methods away."""

        def __init__(self, scope: Scope) -> None:
            self.scope = scope

        async def receive(self) -> Message:
            return EMPTY

        async def send(self, message: Message) -> None:
            pass

    async def request() -> weakref.ref[Cycle]:
        scope = http_scope("/background")
        cycle = Cycle(scope)
        await app(scope, cycle.receive, cycle.send)
        return weakref.ref(cycle)

    with Observed(app):
        asyncio.run(request())
        gc.collect()
        gc.disable()
        try:
            assert asyncio.run(request())() is None
        finally:
            gc.enable()
