"""Applications in applications: everything is observed exactly once."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, Request
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from fastnfurious import FastNFuriousAPI
from tests.application.observed import Observed


def service() -> FastNFuriousAPI:
    """Return an application that answers and fails."""
    app = FastNFuriousAPI()

    @app.get("/ok")
    async def ok() -> str:
        return "ok"

    @app.get("/fails")
    async def fails() -> None:
        raise RuntimeError("no")

    return app


def test_a_mounted_application_is_observed_once() -> None:
    """The outer application counts, traces and logs; the inner one leaves it alone."""
    outer, inner = service(), service()
    outer.mount("/inner", inner)
    with Observed(outer) as run:
        run.client.get("/inner/ok")
        assert run.requests == {("GET", "/inner/ok", "200"): 1}
        assert len(run.access) == len(run.spans.all()) == 1


def test_a_failure_in_a_mounted_application_is_one_entry() -> None:
    """Both applications see the exception; one of them logs it, the inner one answers it."""
    outer, inner = service(), service()
    outer.mount("/inner", inner)
    with Observed(outer) as run:
        answer = run.client.get("/inner/fails")
        assert answer.headers["content-type"] == "application/problem+json"
        assert len(run.logs.find_all(exception=RuntimeError)) == 1
        assert run.requests == {("GET", "/inner/fails", "500"): 1}


def test_a_mounted_application_keeps_its_own_error_answer() -> None:
    """The inner application's handler for status 500 is the one that is asked."""
    outer, inner = service(), service()

    @inner.exception_handler(500)
    async def ours(request: Request, error: Exception) -> object:
        from starlette.responses import PlainTextResponse

        return PlainTextResponse("inner", 500)

    outer.mount("/inner", inner)
    with Observed(outer) as run:
        assert run.client.get("/inner/fails").text == "inner"


def test_the_tracer_of_a_mounted_application_joins_in() -> None:
    """Nobody starts a mounted application, so it uses the parts of the outer one."""
    outer, inner = FastNFuriousAPI(), FastNFuriousAPI()

    @inner.get("/spans")
    async def spans() -> str:
        async with inner.tracer.create_child_span("work"):
            return inner.current_span.trace_id

    outer.mount("/inner", inner)
    with Observed(outer) as run:
        trace_id = run.client.get("/inner/spans").json()
        assert {span.trace_id for span in run.spans.all()} == {trace_id}
        assert run.spans.find("work") is not None
        assert inner.metrics is outer.metrics


@pytest.mark.parametrize("kind", [FastAPI, Starlette])
def test_it_works_under_an_application_of_another_kind(kind: type[Starlette]) -> None:
    """Mounted in a plain application, ours observes what reaches it, without a lifespan."""
    app = service()
    outer = kind(routes=[Mount("/ours", app=app)])
    with Observed(app) as run:
        assert TestClient(outer).get("/ours/ok").json() == "ok"
        ((method, route, status),) = run.requests
        assert (method, status) == ("GET", "200") and route.endswith("/ok")


def test_it_works_without_its_lifespan() -> None:
    """A test that does not start the application gets its answers all the same."""
    client = TestClient(service(), raise_server_exceptions=False)
    assert client.get("/ok").json() == "ok"
    assert client.get("/fails").json()["status"] == 500
    assert client.get("/health/ready").status_code == 503
