"""``routes``: what the application answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from fastnfurious.cli.output import print_table

if TYPE_CHECKING:
    from fastnfurious.application.app import FastNFuriousAPI

__all__ = ["RouteRow", "route_rows", "show_routes"]


@dataclass(frozen=True, slots=True)
class RouteRow:
    """Describe one route as a line of the table.

    Attributes:
        methods: HTTP methods separated by commas, ``WS`` for a websocket, ``*`` for any; for what
            comes by messages, ``REPLY``, ``SUBSCRIBE`` or ``CONSUME``.
        path: Template of the path, with the prefixes of routers and mounts; or a subject.
        name: Name of the route.
        tags: Tags separated by commas.
    """

    methods: str
    path: str
    name: str
    tags: str


def show_routes(ctx: typer.Context) -> None:
    """List the routes: methods, path, name, tags; subjects of services over NATS as well."""
    rows = route_rows(ctx.obj.load())
    print_table(
        ("METHODS", "PATH", "NAME", "TAGS"),
        [(row.methods, row.path, row.name, row.tags) for row in rows],
    )


def route_rows(app: FastNFuriousAPI) -> list[RouteRow]:
    """Return what comes by messages, then the routes in the order in which they are tried."""
    from fastnfurious.application.routes import management_routes

    rows = list(_walk(app.routes, ""))
    known = {(row.methods, row.path) for row in rows}
    for row in _walk(management_routes(app), ""):
        if (row.methods, row.path) not in known:
            rows.append(RouteRow(row.methods, row.path, row.name, "management"))
    handled = [
        RouteRow(each.verb, each.address, each.name, each.owner)
        for each in app.integrations.handled
    ]
    return [*handled, *rows]


def _walk(routes: Iterable[Any], prefix: str) -> Iterator[RouteRow]:
    from fastapi.routing import iter_route_contexts

    for route in iter_route_contexts(list(routes)):
        inner = getattr(route, "routes", None)
        path = prefix + (route.path or "")
        if inner:
            yield from _walk(inner, path)
        else:
            yield _row(route, prefix + (route.path_format or route.path or ""))


def _row(route: Any, path: str) -> RouteRow:
    tags = ", ".join(str(getattr(tag, "value", tag)) for tag in getattr(route, "tags", None) or ())
    return RouteRow(_methods(route), path or "/", route.name or "", tags)


def _methods(route: Any) -> str:
    from starlette.routing import WebSocketRoute

    if isinstance(route.original_route, WebSocketRoute):
        return "WS"
    methods = set(route.methods or ())
    if "GET" in methods:
        methods.discard("HEAD")  # comes with GET
    return ", ".join(sorted(methods)) or "*"
