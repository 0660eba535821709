"""The routes for those who run a service: health, metrics, log levels."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import HTTPException
from fastapi.routing import iter_route_contexts
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from fastnfurious.application.health_document import HEALTH_MEDIA_TYPE, health_document
from fastnfurious.application.owner import Owner
from fastnfurious.application.problem_handlers import problem_handlers
from fastnfurious.core.health import Probe
from fastnfurious.core.settings import Environment

__all__ = ["add_management_routes", "management_app", "management_routes"]

Endpoint = Callable[[Request], Awaitable[Response]]


def management_routes(app: Owner) -> list[BaseRoute]:
    """Return the routes ``/health/live|ready|startup``, ``/metrics`` and ``/logs/levels``.

    They are in no OpenAPI document.
    """
    probes = [_route(f"/health/{probe.value}", _health(app, probe)) for probe in Probe]
    levels = _LogLevels(app)
    return [
        *probes,
        _route("/metrics", _metrics(app)),
        _route("/logs/levels", levels.show),
        _route("/logs/levels", levels.change, "PUT"),
    ]


def management_app(app: Owner) -> Starlette:
    """Return an application of its own with only these routes, for the management port."""
    return Starlette(routes=management_routes(app), exception_handlers=problem_handlers())


def add_management_routes(app: Owner) -> None:
    """Give an application its management routes, unless they have a port of their own.

    A route that the application itself has on the same path wins; one that catches every path,
    such as files mounted on ``/``, does not.
    """
    if app.settings.management_port is not None:
        return
    for route in management_routes(app):
        position = _position(app.router.routes, route)
        if position is not None:
            app.router.routes.insert(position, route)
    app.router._mark_routes_changed()


def _route(path: str, endpoint: Endpoint, method: str = "GET") -> Route:
    return Route(path, endpoint, methods=[method], include_in_schema=False)


def _position(routes: Sequence[BaseRoute], ours: Any) -> int | None:
    """Return where to put a route: before what would catch its path; ``None`` if it is taken."""
    method = "PUT" if "PUT" in ours.methods else "GET"
    scope: Scope = {"type": "http", "path": ours.path, "method": method, "headers": []}
    for position, route in enumerate(routes):
        if route.matches(dict(scope))[0] is Match.FULL:
            return None if _template(route, scope) == ours.path else position
    return len(routes)


def _template(route: BaseRoute, scope: Scope) -> str | None:
    contexts = iter_route_contexts([route])
    chosen = (found for found in contexts if found.matches(dict(scope))[0] is Match.FULL)
    found = next(chosen, None)
    return found.path_format if found else None


def _health(app: Owner, probe: Probe) -> Endpoint:
    async def health(request: Request) -> Response:
        report = await app.health.report(probe)
        document = health_document(probe, report, app.settings, app.lifecycle)
        status = 503 if document["status"] == "fail" else 200
        headers = {"Cache-Control": "no-store"}
        return JSONResponse(document, status, headers, HEALTH_MEDIA_TYPE)

    return health


def _metrics(app: Owner) -> Endpoint:
    async def metrics(request: Request) -> Response:
        content, media_type = await app.metrics.scrape(request.headers.get("accept"))
        return Response(content, headers={"Content-Type": media_type})

    return metrics


class _LogLevels:
    """Show and change the levels of loggers while the service runs.

    Whoever reaches the management port may; on the public one only in development and test.
    """

    def __init__(self, app: Owner) -> None:
        self._app = app

    async def show(self, request: Request) -> Response:
        """Answer with the level of each logger."""
        self._guard()
        return JSONResponse(self._app.logs.levels())

    async def change(self, request: Request) -> Response:
        """Set the levels that the body names, ``{"my_service.stock": "DEBUG"}``."""
        self._guard()
        before, wanted = self._app.logs.levels(), _levels_in(await request.body())
        try:
            self._set(wanted)
        except ValueError as error:
            self._set({name: before.get(name, "NOTSET") for name in wanted})
            raise HTTPException(422, str(error)) from error
        return JSONResponse(self._app.logs.levels())

    def _set(self, levels: dict[str, str]) -> None:
        for name, level in levels.items():
            self._app.logs.set_level(name, level)

    def _guard(self) -> None:
        settings = self._app.settings
        private = settings.management_port is not None
        if private or settings.environment in (Environment.DEVELOPMENT, Environment.TEST):
            return
        raise HTTPException(
            403, "Outside development, log levels are on the management port: set MANAGEMENT_PORT"
        )


def _levels_in(body: bytes) -> dict[str, str]:
    try:
        levels = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "The body is not JSON") from error
    if not isinstance(levels, dict) or not all(isinstance(v, str) for v in levels.values()):
        raise HTTPException(422, 'Expected an object such as {"my_service.stock": "DEBUG"}')
    return levels
