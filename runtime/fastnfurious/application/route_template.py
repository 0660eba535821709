"""Which template a request matched, where FastAPI's routers have not told all of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from starlette.routing import BaseRoute, Host, Match, Mount
from starlette.types import Scope

__all__ = ["MOUNTED", "find_template"]

MOUNTED = "/{path}"
"""How the template of a mount ends, for FastAPI's routers."""


def find_template(scope: Scope, told: str | None, routes: Sequence[BaseRoute]) -> str | None:
    """Return the template of a request that a mounted application, or none of FastAPI's, answered.

    FastAPI's routers know nothing of hosts and of routers of Starlette's own class, so for these
    the routes are walked again.

    Args:
        scope: The request's scope, as the application left it.
        told: What FastAPI's routers told.
        routes: Routes of the application.
    """
    if told is not None and isinstance(scope.get("route"), APIRoute | APIWebSocketRoute):
        return told
    return _walk(routes, _at_the_root(scope)) or told


def _at_the_root(scope: Scope) -> Scope:
    # A mount moves its prefix from the path to `root_path`; the walk starts before all mounts.
    root = scope.get("app_root_path", scope.get("root_path", ""))
    kept = {name: scope[name] for name in ("type", "method", "headers", "path") if name in scope}
    return {**kept, "root_path": root}


def _walk(routes: Sequence[BaseRoute], scope: Scope) -> str | None:
    partial: str | None = None
    for route in iter_route_contexts(routes):
        match, child_scope = route.matches(dict(scope))
        if match is Match.FULL:
            return _template(route, {**scope, **child_scope})
        if match is Match.PARTIAL and partial is None:
            partial = _template(route, {**scope, **child_scope})
    return partial


def _template(route: Any, scope: Scope) -> str | None:
    outer = route.original_route
    if isinstance(outer, Host):
        return _walk(outer.routes, scope)
    template: str | None = route.path_format
    if template is None or not isinstance(outer, Mount):
        return template
    return template.removesuffix(MOUNTED) + (_walk(outer.routes, scope) or MOUNTED)
