"""Which route template a request matched, read after the application has answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import Scope

__all__ = ["route_template"]

MOUNTED = "/{path}"


def route_template(scope: Scope, told: str | None, routes: Sequence[BaseRoute]) -> str | None:
    """Return the template of a request, with the prefixes of the mounts that led to it.

    ``None`` says that no route matched; a path itself is never returned.

    Args:
        scope: The request's scope, as the application left it.
        told: What FastAPI's routers told; they know nothing of routers of Starlette's own class.
        routes: Routes of the application, walked only when a mounted application of another kind
            has answered.
    """
    if told is None or not told.endswith(MOUNTED):
        return told
    if isinstance(scope.get("route"), APIRoute | APIWebSocketRoute):
        return told
    return _walk(routes, _at_the_root(scope)) or told


def _at_the_root(scope: Scope) -> Scope:
    # A mount moves its prefix from the path to `root_path`; the walk starts before all mounts.
    root = scope.get("app_root_path", scope.get("root_path", ""))
    return {"type": scope["type"], "path": scope["path"], "root_path": root, **_method(scope)}


def _method(scope: Scope) -> dict[str, Any]:
    return {"method": scope["method"], "headers": scope["headers"]} if "method" in scope else {}


def _walk(routes: Sequence[BaseRoute], scope: Scope) -> str | None:
    for route in iter_route_contexts(routes):
        match, child_scope = route.matches(dict(scope))
        if match is not Match.NONE:
            return _template(route, {**scope, **child_scope})
    return None


def _template(route: Any, scope: Scope) -> str | None:
    template: str | None = route.path_format
    if template is None or not isinstance(route.original_route, Mount):
        return template
    inner = _walk(route.original_route.routes, scope)
    return template.removesuffix(MOUNTED) + (inner or MOUNTED)
