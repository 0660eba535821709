"""The table of routes: routers and mounts are resolved."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, WebSocket
from starlette.routing import Route

from fastnfurious import FastNFuriousAPI
from fastnfurious.cli.routes import RouteRow, route_rows
from tests.unit.cli.conftest import RunCommand, WriteService


def _app() -> FastNFuriousAPI:
    app = FastNFuriousAPI(openapi_url=None)
    inner, outer = APIRouter(prefix="/shelves", tags=["shelves"]), APIRouter(prefix="/v1")

    @inner.get("/{shelf}")
    @inner.put("/{shelf}")
    async def shelf(shelf: int) -> None: ...

    @outer.websocket("/feed")
    async def feed(websocket: WebSocket) -> None: ...

    outer.include_router(inner, tags=["stock"])
    app.include_router(outer, prefix="/api")
    mounted = FastAPI(openapi_url=None)
    mounted.include_router(inner)
    app.mount("/old", mounted, name="old")
    app.mount("/files", Route("/", lambda request: None), name="files")
    return app


def test_every_route_is_a_row_with_its_whole_path() -> None:
    """Prefixes of included routers and of mounts are part of the path."""
    rows = {(row.methods, row.path): row for row in route_rows(_app())}
    assert rows["GET", "/api/v1/shelves/{shelf}"].tags == "stock, shelves"
    assert ("PUT", "/api/v1/shelves/{shelf}") in rows
    assert rows["WS", "/api/v1/feed"] == RouteRow("WS", "/api/v1/feed", "feed", "")
    assert rows["GET", "/old/shelves/{shelf}"].name == "shelf"
    assert rows["*", "/files/{path}"].name == "files"


def test_the_management_routes_are_listed_once() -> None:
    """They are marked as such, also when the application has been built already."""
    app = _app()
    before = [row for row in route_rows(app) if row.tags == "management"]
    assert {row.path for row in before} >= {"/health/ready", "/metrics", "/logs/levels"}
    app.build_middleware_stack()
    paths = [(row.methods, row.path) for row in route_rows(app)]
    assert len(paths) == len(set(paths))


def test_the_command_prints_an_aligned_table(
    command: RunCommand, write_service: WriteService
) -> None:
    """A pipe gets plain columns, and settings that are wrong do not matter here."""
    write_service(
        "from fastnfurious import FastNFuriousAPI\napp = FastNFuriousAPI()\n"
        "@app.get('/shelves/{shelf}', tags=['stock'])\ndef shelf(shelf: int) -> None: ...\n"
    )
    lines = command("routes").out.splitlines()
    assert lines[0].split() == ["METHODS", "PATH", "NAME", "TAGS"]
    row = next(line for line in lines if "/shelves/{shelf}" in line)
    assert row.split() == ["GET", "/shelves/{shelf}", "shelf", "stock"]
    assert row.index("/") == lines[0].index("PATH")
