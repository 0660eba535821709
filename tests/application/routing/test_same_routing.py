"""FastAPI's own matching and the index choose the same route, with the same scope, every time."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import cycle
from types import MethodType
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, WebSocket
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.telemetry._api import _RequestTelemetry
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from starlette.convertors import CONVERTOR_TYPES, Convertor, register_url_convertor
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Match, Mount
from starlette.types import Message, Receive, Scope, Send

from fastnfurious.application.routing import IndexedRouter, index_routes

UUID = "12345678-1234-1234-1234-123456789abc"


class Pair(Convertor[str]):
    """A convertor of an application that crosses a slash."""

    regex = "[ab]/[ab]"

    def convert(self, value: str) -> str:
        """Return the value as it is."""
        return value

    def to_string(self, value: str) -> str:
        """Return the value as it is."""
        return value


class Word(Pair):
    """A convertor of an application that stays within a segment."""

    regex = "[a-c]+"


@pytest.fixture(autouse=True, scope="module")
def convertors() -> Iterator[None]:
    """Register the convertors while these tests run."""
    register_url_convertor("pair", Pair())
    register_url_convertor("word", Word())
    yield
    del CONVERTOR_TYPES["pair"], CONVERTOR_TYPES["word"]


seen: list[dict[str, Any]] = []


def note(scope: Scope) -> None:
    """Keep what an endpoint finds in its scope."""
    seen.append({**scope, "fastapi": dict(scope["fastapi"]) if "fastapi" in scope else None})


async def endpoint(request: Request) -> PlainTextResponse:
    """Answer any HTTP route."""
    note(request.scope)
    return PlainTextResponse("endpoint")


async def websocket_endpoint(websocket: WebSocket) -> None:
    """Answer any websocket route."""
    note(websocket.scope)
    await websocket.accept()
    await websocket.close(1000)


async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer for a mounted application."""
    note(scope)
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4000})
        return
    await PlainTextResponse("mounted")(scope, receive, send)


async def dependency() -> None:
    """Stand for a dependency of a router."""


class RouteWithHandler(APIRoute):
    """A route class that changes how a request is handled, not how it is matched."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        """Mark the scope, then handle the request as ever."""
        handler = super().get_route_handler()

        async def marked(request: Request) -> Any:
            request.scope["handled_by"] = "RouteWithHandler"
            return await handler(request)

        return marked


class RouteWithHandle(APIRoute):
    """A route class that wraps what happens once it is chosen."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Mark the scope, then handle the request as ever."""
        scope["handled_by"] = "RouteWithHandle"
        await super().handle(scope, receive, send)


class RouteByQuery(APIRoute):
    """A route class that also looks at something else than the path."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match only requests with a query."""
        return super().matches(scope) if scope["query_string"] else (Match.NONE, {})


class RouteForAll(APIRoute):
    """A route class that does not look at the path at all."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match every POST request, whatever its path."""
        if scope["type"] != "http" or scope["method"] != "POST":
            return Match.NONE, {}
        return Match.FULL, {"endpoint": self.endpoint, "path_params": {}, "route": self}


class RouterByQuery(APIRouter):
    """A router that is closed to requests without a query."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match only requests with a query."""
        return super().matches(scope) if scope["query_string"] else (Match.NONE, {})


class RouterWithHandle(APIRouter):
    """A router that handles in its own way what it matches."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Mark the scope, then handle the request as ever."""
        scope["handled_by"] = "RouterWithHandle"
        await super().handle(scope, receive, send)


ROUTE_CLASSES = (
    *(APIRoute, APIRoute, APIRoute, APIRoute),
    *(RouteWithHandler, RouteWithHandle, RouteByQuery, RouteForAll),
)
ROUTER_CLASSES = (APIRouter, APIRouter, APIRouter, IndexedRouter, RouterByQuery, RouterWithHandle)
PATTERN_SEGMENTS = (
    *("a", "a", "b", "b", "ab", "a.b", "", "é"),
    *("{x}", "{x}", "{x}", "{n:int}", "{f:float}", "{u:uuid}", "v{x}", "{x}.{y}", "{x}-{n:int}"),
    *("{p:path}", "{c:pair}", "{w:word}", "{literal", "a\0b"),
)
PATH_SEGMENTS = (
    *("a", "a", "b", "b", "ab", "a.b", "axb", "", "é", "c", "d"),
    *("1", "1", "1.5", UUID, "va", "a-1", "{x}", "{literal", "a\0b", "a\n", "\n", "9" * 5000),
)


def unique_names(pattern: str, number: int) -> str:
    """Number the parameters, because FastAPI refuses a name that occurs twice in one path."""
    parts = pattern.split("{")
    for index, part in enumerate(parts[1:], start=1):
        if part != "literal" and not part.startswith("literal/"):
            parts[index] = f"r{number}_{index}_{part}"
    return "{".join(parts)


patterns = st.lists(st.sampled_from(PATTERN_SEGMENTS), min_size=0, max_size=3).map(
    lambda segments: "".join(f"/{segment}" for segment in segments)
)
paths = st.lists(st.sampled_from(PATH_SEGMENTS), min_size=0, max_size=4).map(
    lambda segments: "".join(f"/{segment}" for segment in segments) or "*"
)
methods = st.sampled_from((["GET"], ["GET"], ["POST"], ["GET", "POST"], ["HEAD"]))
numbers = st.integers(0, 1000)


@dataclass(frozen=True)
class Add:
    """Add something that routes to one of the routers that there are by now."""

    kind: str
    pattern: str
    methods: list[str]
    where: int
    variant: int


@dataclass(frozen=True)
class Change:
    """Change the list of routes of the application by hand."""

    kind: str
    where: int


@dataclass(frozen=True)
class Ask:
    """Send requests to both ways of matching.

    Attributes:
        path: One path that is asked for; its segments stand in for the parameters of the others.
        ending: What is added to the path of each route that there is.
    """

    path: str
    method: str
    ending: str = ""
    root_path: str = ""
    query: bytes = b""
    host: bytes = b"a.example"
    websocket: bool = False


KINDS = (
    *("api", "api", "api", "api", "router", "router", "router", "nameless"),
    *("starlette", "websocket", "starlette websocket", "mount", "host", "regex"),
)
adds = st.builds(
    Add,
    kind=st.sampled_from(KINDS),
    pattern=patterns,
    methods=methods,
    where=st.integers(0, 3),
    variant=numbers,
)
changes = st.builds(
    Change, kind=st.sampled_from(("pop", "front", "equal", "swap", "fresh list")), where=numbers
)
asks = st.builds(
    Ask,
    path=paths,
    ending=st.sampled_from(("", "", "", "", "", "/", "\n", "/a")),
    method=st.sampled_from(("GET", "GET", "GET", "POST", "HEAD", "OPTIONS")),
    root_path=st.sampled_from(("", "", "/a", "/a/b", "/")),
    query=st.sampled_from((b"", b"q=1")),
    host=st.sampled_from((b"a.example", b"b.example")),
    websocket=st.sampled_from((False, False, False, True)),
)


@dataclass
class Tables:
    """An application whose routes are built up step by step."""

    runner: asyncio.Runner
    app: FastAPI
    routers: list[APIRouter] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        index_routes(self.app.router)
        self.routers.append(self.app.router)

    def add(self, step: Add) -> None:
        """Add one route, mount, host or included router."""
        self.count += 1
        router = self.routers[step.where % len(self.routers)]
        path = unique_names(step.pattern, self.count)
        getattr(self, "add_" + step.kind.replace(" ", "_"))(router, path, step)

    def add_api(self, router: APIRouter, path: str, step: Add) -> None:
        """Add a path operation, at times of a route class of the application's own."""
        router.add_api_route(
            path or "/",
            endpoint,
            methods=step.methods,
            route_class_override=ROUTE_CLASSES[step.variant % len(ROUTE_CLASSES)],
            max_body_size=10 if step.variant % 7 == 0 else None,
        )

    def add_nameless(self, router: APIRouter, path: str, step: Add) -> None:
        """Add a path operation with an empty path, which a prefix completes."""
        router.add_api_route("", endpoint, methods=step.methods)

    def add_regex(self, router: APIRouter, path: str, step: Add) -> None:
        """Add a path operation, and give it a regex that its path does not tell."""
        route = APIRoute(path or "/", endpoint, methods=step.methods)
        regexes = (route.path_regex.pattern.upper(), "^/[ab].*$", "^$", "b$")
        route.path_regex = re.compile(regexes[step.variant % 4], re.IGNORECASE)
        route.param_convertors = {}
        router.routes.append(route)
        router._mark_routes_changed()

    def add_starlette(self, router: APIRouter, path: str, step: Add) -> None:
        """Add a plain route."""
        router.add_route(path or "/", endpoint, methods=step.methods)

    def add_websocket(self, router: APIRouter, path: str, step: Add) -> None:
        """Add a websocket route."""
        router.add_api_websocket_route(path or "/", websocket_endpoint)

    def add_starlette_websocket(self, router: APIRouter, path: str, step: Add) -> None:
        """Add a plain websocket route."""
        router.add_websocket_route(path or "/", websocket_endpoint)

    def add_mount(self, router: APIRouter, path: str, step: Add) -> None:
        """Mount an application."""
        router.routes.append(Mount(path, app=mounted))
        router._mark_routes_changed()

    def add_host(self, router: APIRouter, path: str, step: Add) -> None:
        """Add an application for one host name."""
        router.routes.append(Host("b.example", app=mounted))
        router._mark_routes_changed()

    def add_router(self, router: APIRouter, path: str, step: Add) -> None:
        """Include a new router; later steps may fill it."""
        included = ROUTER_CLASSES[step.variant % len(ROUTER_CLASSES)]()
        if step.variant % 3 == 0:
            included.form_limits = {"max_fields": step.variant}
        router.include_router(
            included,
            prefix="" if path.endswith("/") else path,
            dependencies=[Depends(dependency)] if step.variant % 2 else None,
            max_body_size=step.variant if step.variant % 5 == 0 else None,
        )
        self.routers.append(included)

    def change(self, step: Change) -> None:
        """Change the application's list of routes in place, as FastAPI allows."""
        routes = self.app.router.routes
        if not routes:
            return
        position = step.where % len(routes)
        if step.kind == "pop":
            routes.pop(position)
        elif step.kind == "front":
            routes.insert(0, routes.pop(position))
        elif step.kind == "swap":
            routes[0], routes[position] = routes[position], routes[0]
        elif step.kind == "fresh list":
            self.app.router.routes = list(reversed(routes))
        elif isinstance(old := routes[position], APIRoute):
            routes[position] = type(old)(old.path, old.endpoint, methods=old.methods, name="new")

    def paths(self, step: Ask) -> list[str]:
        """Return the path of a request, and one made of it for each route that there is."""
        fillers = [segment for segment in step.path.split("/") if segment] or ["a"]
        found = [step.path]
        for context in iter_route_contexts(self.app.routes):
            first, *others = re.split("{r[^}]*}", context.path or "")
            filled = (
                f"{filler}{part}" for filler, part in zip(cycle(fillers), others, strict=False)
            )
            found.append(first + "".join(filled) + step.ending)
        return list(dict.fromkeys(found))

    def outcome(self, step: Ask, path: str, way: Callable[..., Awaitable[None]]) -> dict[str, Any]:
        """Return everything that can be seen of a request that is matched in a given way."""
        seen.clear()
        self.app.router.middleware_stack = MethodType(way, self.app.router)
        scope = request_scope(step, step.root_path.rstrip("/") + path)
        sent, error = self.runner.run(call(self.app, scope))
        scope["told"] = scope["fastapi.telemetry"].route
        return {"sent": sent, "error": error, "inside": list(seen), "after": scope}


def request_scope(step: Ask, path: str) -> Scope:
    """Return a scope as a server makes it."""
    scope = {
        "type": "websocket" if step.websocket else "http",
        "path": path,
        "root_path": step.root_path,
        "query_string": step.query,
        "headers": [(b"host", step.host)],
        "scheme": "ws" if step.websocket else "http",
        "server": ("127.0.0.1", 80),
        "fastapi.telemetry": _RequestTelemetry(span=None, span_method=""),
    }
    return scope if step.websocket else {**scope, "method": step.method}


async def call(app: FastAPI, scope: Scope) -> tuple[list[Message], str | None]:
    """Send one request; return the answer, and the exception that came out."""
    messages = [{"type": "http.request", "body": b""}]
    if scope["type"] == "websocket":
        messages = [{"type": "websocket.connect"}]
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    try:
        await app(scope, receive, send)
    except Exception as error:
        return sent, repr(error)
    return sent, None


# What FastAPI and Starlette make anew for each request: only the presence is compared.
FRESH = {
    "fastapi_middleware_astack",
    "fastapi_inner_astack",
    "fastapi_function_astack",
    "starlette._body_limit_responder",
    "fastapi.telemetry",
}
DATA = (str, bytes, int, float, uuid.UUID)


def differences(one: Any, other: Any, where: str = "") -> Iterator[str]:
    """Tell where two values are neither one object nor equal data made of the same objects."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        yield from (f"{where}/{key}: in one only" for key in one.keys() ^ other.keys())
        for key in (one.keys() & other.keys()) - FRESH:
            yield from differences(one[key], other[key], f"{where}/{key}")
    elif isinstance(one, list | tuple) and type(one) is type(other) and len(one) == len(other):
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from differences(left, right, f"{where}/{number}")
    elif one is not other and not (type(one) in DATA and one == other):
        yield f"{where}: {one!r} / {other!r}"


def compare(tables: Tables, steps: list[Add | Change | Ask]) -> None:
    """Take the steps; every request must have the same outcome in both ways."""
    ways = [IndexedRouter.app, APIRouter.app]
    for step in steps:
        if isinstance(step, Add):
            tables.add(step)
        elif isinstance(step, Change):
            tables.change(step)
        else:
            for path in tables.paths(step):
                one, other = (tables.outcome(step, path, way) for way in ways)
                assert list(differences(one, other)) == []
                ways.reverse()


@settings(
    deadline=None,
    max_examples=400,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    first=st.lists(adds, min_size=1, max_size=10),
    steps=st.lists(st.one_of(asks, asks, asks, adds, changes), min_size=2, max_size=12),
    limits=st.sampled_from((None, 3)),
)
def test_the_index_chooses_as_fastapi_does(
    first: list[Add], steps: list[Add | Change | Ask], limits: int | None
) -> None:
    """Whatever the routes and the request are, nothing tells the two ways of matching apart."""
    app = FastAPI(openapi_url=None, form_limits={"max_files": limits} if limits else None)
    with asyncio.Runner() as runner:
        compare(Tables(runner, app), [*first, *steps])
