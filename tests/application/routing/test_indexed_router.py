"""The router uses its index where it can, and FastAPI's own code everywhere else."""

from __future__ import annotations

from typing import Any

import fastapi
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from fastnfurious.application.routing import COMPARED_RELEASES, IndexedRouter, index_routes


def application(**options: Any) -> FastAPI:
    """Return an application whose router has an index."""
    app = FastAPI(openapi_url=None, **options)
    index_routes(app.router)
    return app


async def limits(request: Request) -> Any:
    """Answer with the form limits that hold for a request."""
    return request.scope["fastapi"].get("form_limits")


async def parameters(request: Request) -> Any:
    """Answer with the path parameters of a request."""
    return request.path_params


async def read_body(request: Request) -> PlainTextResponse:
    """Answer with the body of a request."""
    return PlainTextResponse(await request.body())


async def prefix_of_router(request: Request) -> Any:
    """Answer with the whole prefix of the included router that a request came to."""
    return request.scope["fastapi"]["included_router"].include_context.prefix


async def whole_scope(request: Request) -> Any:
    """Answer with everything in the scope that routing decides."""
    scope = request.scope
    known = scope["fastapi"]
    return {
        "parameters": request.path_params,
        "root": [scope["root_path"], scope["app_root_path"], scope["path"]],
        "route": scope["route"].path,
        "router": known["included_router"].include_context.prefix,
        "context": known["effective_route_context"].path_format,
    }


def candidates(app: FastAPI, path: str) -> list[str]:
    """Return which routes the index offers for a path."""
    assert isinstance(app.router, IndexedRouter)
    return [repr(choice.route) for choice in app.router._current_table().index.candidates(path)]


def test_the_installed_release_of_fastapi_has_been_compared() -> None:
    """After an upgrade: compare routing.py of both releases, run the tests here, add the release.

    Until then applications keep FastAPI's own, linear router.
    """
    assert fastapi.__version__.startswith(COMPARED_RELEASES)


def test_one_of_sixty_routes_in_included_routers_is_a_candidate() -> None:
    """The routes of included routers are told apart, however deep they are."""
    app = application()
    for number in range(6):
        outer, inner = APIRouter(prefix=f"/outer{number}"), APIRouter(prefix="/inner")
        for item in range(10):
            inner.add_api_route(f"/item{item}/{{x}}", parameters)
        outer.include_router(inner)
        app.include_router(outer)
    assert len(candidates(app, "/outer3/inner/item7/x")) == 1
    assert TestClient(app).get("/outer3/inner/item7/9").json() == {"x": "9"}


def test_routes_added_at_any_time_are_found() -> None:
    """A route added after the first request is found, in the application and below it."""
    app, outer, inner = application(), APIRouter(), APIRouter()
    client = TestClient(app)
    app.include_router(outer, prefix="/outer")
    outer.include_router(inner, prefix="/inner")
    assert client.get("/outer/inner/a").status_code == 404
    for router, path in ((inner, "/outer/inner/a"), (outer, "/outer/a"), (app.router, "/a")):
        router.add_api_route("/{x}", parameters)
        assert client.get(path).json() == {"x": "a"}
        assert len(candidates(app, path)) == 1


def test_a_route_replaced_by_an_equal_one_is_noticed() -> None:
    """Routes compare equal when path, endpoint and methods are the same; the new one answers."""
    app = application()
    app.add_api_route("/a", parameters)
    client = TestClient(app)
    assert client.get("/a").status_code == 200
    app.routes[0] = APIRoute("/a", parameters, status_code=202)
    assert [client.get("/a").status_code for _ in range(2)] == [202, 202]


def test_form_limits_add_up_on_the_way_to_a_route() -> None:
    """The limits of every router on the way hold, the inner ones first."""
    app = application(form_limits={"max_files": 1, "max_fields": 1})
    outer = APIRouter(form_limits={"max_fields": 2, "max_part_size": 2})
    inner = APIRouter(form_limits={"max_part_size": 3})
    inner.add_api_route("/a", limits)
    outer.include_router(inner, prefix="/inner")
    app.include_router(outer, prefix="/outer")
    answered = TestClient(app).get("/outer/inner/a").json()
    assert answered == {"max_files": 1, "max_fields": 2, "max_part_size": 3}
    assert len(candidates(app, "/outer/inner/a")) == 1


def test_the_body_limit_of_an_application_stays() -> None:
    """The router that got an index still refuses what is too large."""
    app = application(max_body_size=3)
    app.add_api_route("/a", parameters, methods=["POST"])
    client = TestClient(app)
    assert client.post("/a", content=b"123").status_code == 200
    assert client.post("/a", content=b"1234").status_code == 413


def test_the_body_limit_of_an_included_router_holds_for_plain_routes() -> None:
    """What is included with a limit keeps it, in a route of Starlette's too."""
    app, inner = application(), APIRouter()
    inner.add_route("/a", read_body, methods=["POST"])
    app.include_router(inner, prefix="/inner", max_body_size=3)
    client = TestClient(app)
    assert client.post("/inner/a", content=b"123").text == "123"
    assert client.post("/inner/a", content=b"1234").status_code == 413
    assert len(candidates(app, "/inner/a")) == 1


def test_the_innermost_router_is_the_one_in_the_scope() -> None:
    """A request knows the included router that holds its route."""
    app, outer, inner = application(), APIRouter(), APIRouter()
    inner.add_api_route("/a", prefix_of_router)
    outer.include_router(inner, prefix="/inner")
    app.include_router(outer, prefix="/outer")
    assert TestClient(app).get("/outer/inner/a").json() == "/outer/inner"


@pytest.mark.parametrize("path", ["/outer/7/sub/b", "/outer/7/sub/inner/b", "/outer/7/sub/c/"])
def test_an_application_below_an_included_router_routes_as_fastapi_does(path: str) -> None:
    """What an included router left in the scope does not mislead the application mounted in it."""
    answers = []
    for prepare in (index_routes, lambda router: None):
        sub, inner = FastAPI(openapi_url=None), APIRouter()
        for router in (sub.router, inner):
            router.add_api_route("/{x}", whole_scope)
        sub.include_router(inner, prefix="/inner")
        outer = APIRouter()
        outer.mount("/sub", sub)
        app = FastAPI(openapi_url=None)
        app.include_router(outer, prefix="/outer/{n}")
        prepare(sub.router)
        prepare(app.router)
        answers.append(TestClient(app).get(path).json())
    assert answers[0] == answers[1]
    assert answers[0]["parameters"]["n"] == "7"


def test_a_route_that_is_asked_in_the_context_of_an_include_answers_in_it() -> None:
    """A route object that is both included and in the list matches as the include says."""
    statuses = []
    for prepare in (index_routes, lambda router: None):
        app, outer = FastAPI(openapi_url=None), FastAPI(openapi_url=None)
        app.add_api_route("/a", parameters)
        outer.include_router(app.router, prefix="/outer")
        (context,) = iter_route_contexts(outer.routes)
        prepare(app.router)

        async def within(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                scope["fastapi"] = {"effective_route_context": context._route_context}
            await app(scope, receive, send)

        client = TestClient(within)
        statuses.append([client.get(path).status_code for path in ("/a", "/outer/a")])
    assert statuses[0] == statuses[1] == [404, 200]


def test_an_included_router_that_cannot_be_completed_fails_alone() -> None:
    """A path with a parameter twice fails for requests that come to it, as in FastAPI."""
    app, broken = application(), APIRouter()
    broken.add_api_route("/{x}", parameters)
    app.add_api_route("/a", parameters)
    app.include_router(broken, prefix="/{x}")
    client = TestClient(app)
    assert client.get("/a").status_code == 200
    with pytest.raises(ValueError, match="Duplicated param name x"):
        client.get("/b/c")


class OwnRouter(APIRouter):
    """A router class of an application."""


def test_a_router_class_of_its_own_is_left_alone() -> None:
    """A router that is not FastAPI's own may do anything in its own way."""
    router = OwnRouter()
    index_routes(router)
    assert type(router) is OwnRouter


def test_an_unknown_release_of_fastapi_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another release does inside is not known, so its router stays as it is."""
    monkeypatch.setattr(fastapi, "__version__", "0.999.0")
    router = APIRouter()
    index_routes(router)
    assert type(router) is APIRouter
