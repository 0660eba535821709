"""The router of an application: FastAPI's own, which finds a request's route by an index.

FastAPI tries route after route, and those of included routers twice. Here an index first leaves
out every route whose path cannot match. What remains is matched in FastAPI's own order and as
FastAPI does it, so that the outcome is the same; and whatever the index finds no route for (404,
redirects, frontends) is handed to FastAPI whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple, cast

import fastapi
from fastapi import routing
from fastapi.routing import APIRoute, APIRouter, APIWebSocketRoute
from starlette.routing import BaseRoute, Match, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from fastnfurious.application.route_index import ANY_PATH, PathPattern, RouteIndex

__all__ = ["IndexedRouter", "index_routes"]

# What follows repeats steps of FastAPI's private code. With a release that nobody has compared,
# FastAPI's router stays as it is.
COMPARED_RELEASES = ("0.165.",)

# Names that FastAPI does not export, looked up only once the release is known to have them.
internals: Any = routing

routes_version = attrgetter("_routes_version")


def index_routes(router: APIRouter) -> None:
    """Let a router find routes by an index; a router of a class of its own is left as it is.

    Args:
        router: The router of an application.

    Example:
        >>> app = fastapi.FastAPI()
        >>> index_routes(app.router)
        >>> type(app.router).__name__
        'IndexedRouter'
    """
    if type(router) is not APIRouter or not fastapi.__version__.startswith(COMPARED_RELEASES):
        return
    router.__class__ = IndexedRouter
    # The router took its `app` method, still that of its former class, when it was made.
    stack: Any = internals.wrap_app_with_body_limit(router.app, router.max_body_size)
    router.middleware_stack = stack


class IndexedRouter(APIRouter):
    """Route as FastAPI does, at a cost that does not grow with the number of routes.

    The index follows routes that are added, removed or replaced at any time, in included routers
    as far as FastAPI itself notices. A route whose ``path_regex`` is exchanged in place is the one
    thing it does not see.
    """

    _table: _RouteTable | None = None

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with the route that FastAPI would choose."""
        found = None if scope["type"] == "lifespan" else self._find(scope)
        if found is None:
            await super().app(scope, receive, send)
            return
        choice, match, child_scope = found
        await choice.enter(scope, match, child_scope)(scope, receive, send)

    def _find(self, scope: Scope) -> tuple[_Choice, Match, Scope] | None:
        """Return the chosen route and what it adds to the scope; ``None`` leaves it to FastAPI."""
        table = self._current_table()
        path: str = internals.get_route_path(scope)
        if path.endswith("\n"):
            return None
        if self.form_limits:
            internals._apply_router_form_limits(scope, self.form_limits)
        scope.setdefault("router", self)
        partial = None
        for choice in table.index.candidates(path):
            if self.routes[choice.position] is not choice.listed:
                self._table = None
                return None
            if choice.marks_scope:
                scope.setdefault("fastapi", {})
            match, child_scope = choice.matches(scope, path)
            if match is Match.FULL:
                return choice, match, child_scope
            if match is Match.PARTIAL and partial is None:
                partial = choice, match, child_scope
        if partial is not None and table.marks_scope:
            scope.setdefault("fastapi", {})
        return partial

    def _current_table(self) -> _RouteTable:
        table = self._table
        if table is None or not table.describes(self):
            table = self._table = _RouteTable.of(self)
        return table


class _Choice(NamedTuple):
    """One route that can be chosen, with the included routers that lead to it."""

    listed: BaseRoute
    """The route, or the included router that holds it, in the application's own list."""
    position: int
    """Where ``listed`` stands in that list."""
    marks_scope: bool
    """Whether FastAPI has met an included router by now: that leaves a key in the scope."""
    matches: Matches
    route: BaseRoute
    branches: tuple[routing._IncludedRouter, ...] = ()
    context: routing._EffectiveRouteContext | None = None
    plain: bool = False
    """Whether a full match leads straight to the app of the route."""

    def enter(self, scope: Scope, match: Match, child_scope: Scope) -> ASGIApp:
        """Leave in the scope what FastAPI leaves there on its way to the route; return its app."""
        if self.context is None:
            internals._update_scope(scope, child_scope)
            self._tell_telemetry(scope, getattr(self.route, "path_format", None))
            straight = self.plain and match is Match.FULL and not _is_in_context(scope)
            return cast(APIRoute, self.route).app if straight else self.route.handle
        self._enter_branches(scope)
        internals._update_scope(scope, child_scope)
        inner = getattr(self.context.starlette_route, "path_format", None)
        self._tell_telemetry(scope, inner or self.context.path_format)
        scope["fastapi"]["effective_route_context"] = self.context
        if self.plain and match is Match.FULL and self.context.app is not None:
            return self.context.app
        if isinstance(self.route, APIRoute):
            return self.route.handle
        limit = self.branches[-1].include_context.max_body_size
        app: ASGIApp = internals.wrap_app_with_body_limit(self.route.handle, limit)
        return app

    def _enter_branches(self, scope: Scope) -> None:
        for branch in self.branches:
            limits = branch.include_context.form_limits
            if limits:
                internals._apply_router_form_limits(scope, limits)
        scope["fastapi"]["included_router"] = self.branches[-1]

    def _tell_telemetry(self, scope: Scope, path: str | None) -> None:
        if "fastapi.telemetry" in scope:
            internals._route_selected(scope=scope, path=path, mount=isinstance(self.route, Mount))


@dataclass(frozen=True)
class _RouteTable:
    """The index over all routes of a router, and what tells that it is out of date."""

    index: RouteIndex[_Choice]
    routes: list[BaseRoute]
    routers: tuple[APIRouter, ...]
    version: int

    @property
    def marks_scope(self) -> bool:
        """Return whether FastAPI leaves its key in the scope when it has tried every route."""
        return bool(self.routers)

    @classmethod
    def of(cls, router: APIRouter) -> _RouteTable:
        """Describe the routes that a router has now."""
        routes = list(router.routes)
        routers = tuple(_included_routers(routes))
        version = sum(map(routes_version, routers))
        return cls(RouteIndex(_entries(routes)), routes, routers, version)

    def describes(self, router: APIRouter) -> bool:
        """Return whether a router still has the routes that it had.

        Lists compare by identity first, so this is quick; a route replaced by an equal one is
        noticed when it becomes a candidate.
        """
        if sum(map(routes_version, self.routers)) != self.version:
            return False
        return router.routes == self.routes


def _included_routers(routes: list[BaseRoute]) -> list[APIRouter]:
    """Return every router below some routes, once."""
    found: dict[int, APIRouter] = {}
    waiting = list(routes)
    while waiting:
        route = waiting.pop()
        if isinstance(route, routing._IncludedRouter) and id(route.original_router) not in found:
            found[id(route.original_router)] = route.original_router
            waiting.extend(route.original_router.routes)
    return list(found.values())


def _entries(routes: list[BaseRoute]) -> Iterator[tuple[PathPattern, _Choice]]:
    marks_scope = False
    for position, route in enumerate(routes):
        marks_scope = marks_scope or isinstance(route, routing._IncludedRouter)
        whole = _Choice(route, position, marks_scope, _own_way(route.matches), route)
        if isinstance(route, routing._IncludedRouter):
            yield from _branch_entries(whole, route)
        else:
            yield _pattern(route, route), _straightened(whole)


def _branch_entries(
    whole: _Choice, included: routing._IncludedRouter
) -> Iterator[tuple[PathPattern, _Choice]]:
    """Give the routes of an included router, or the router as one when it has its own ways."""
    try:
        inner = list(_inner_entries(whole, (included,)))
    except Exception:
        # FastAPI completes the routes of an included router when a request first comes to it. What
        # fails there has to fail for the same requests as it would without an index.
        inner = [(ANY_PATH, whole)]
    yield from inner


def _inner_entries(
    whole: _Choice, branches: tuple[routing._IncludedRouter, ...]
) -> Iterator[tuple[PathPattern, _Choice]]:
    if not _is_plain(branches[-1].original_router):
        raise _OwnWays
    for inner in branches[-1].effective_candidates():
        if isinstance(inner, routing._IncludedRouter):
            yield from _inner_entries(whole, (*branches, inner))
        else:
            choice = whole._replace(
                matches=_matches_of(inner),
                route=inner.starlette_route or inner.original_route,
                branches=branches,
                context=inner,
                plain=_is_handled_plainly(inner.original_route),
            )
            yield _pattern(choice.route, inner.starlette_route or inner), choice


class _OwnWays(Exception):
    """An included router, or a route in it, has its own way to match."""


def _is_plain(router: APIRouter) -> bool:
    """Return whether an included router matches and handles as FastAPI wrote it."""
    kind = type(router)
    own = vars(router).keys() & {"matches", "handle"}
    return not own and kind.matches is APIRouter.matches and kind.handle is APIRouter.handle


Matches = Callable[[Scope, str], tuple[Match, Scope]]
"""Matches a request, whose path within the application is already known."""


def _own_way(matches: Callable[[Scope], tuple[Match, Scope]]) -> Matches:
    return lambda scope, path: matches(scope)


def _straightened(choice: _Choice) -> _Choice:
    """Take the short ways for a path operation of the application's own list."""
    route = choice.route
    if not isinstance(route, APIRoute) or not _matches_by_regex(route):
        return choice
    quickly = _quick_matches(route, route)

    def matches(scope: Scope, path: str) -> tuple[Match, Scope]:
        return route.matches(scope) if _is_in_context(scope) else quickly(scope, path)

    return choice._replace(matches=matches, plain=_is_handled_plainly(route))


def _is_in_context(scope: Scope) -> bool:
    """Return whether an included router has left its mark: this application is mounted in one."""
    known = scope.get("fastapi")
    return known is not None and known.get("effective_route_context") is not None


def _matches_of(context: routing._EffectiveRouteContext) -> Matches:
    """Return what matches a route of an included router, with its prefix."""
    route = context.original_route
    if not isinstance(route, APIRoute):
        return _own_way(context.matches)
    if not _matches_by_regex(route):
        raise _OwnWays
    return _quick_matches(route, context)


def _quick_matches(route: APIRoute, described: Any) -> Matches:
    """Return what matches a path operation as FastAPI does, in one step in place of four.

    Args:
        route: The path operation.
        described: What has its regex, methods and endpoint: the route, or its context.
    """

    def matches(scope: Scope, path: str) -> tuple[Match, Scope]:
        found = described.path_regex.match(path) if scope["type"] == "http" else None
        if found is None:
            return Match.NONE, {}
        parameters = found.groupdict()
        for name, value in parameters.items():
            parameters[name] = described.param_convertors[name].convert(value)
        parameters = {**scope.get("path_params", {}), **parameters}
        child_scope = {"endpoint": described.endpoint, "path_params": parameters, "route": route}
        if described.methods and scope["method"] not in described.methods:
            return Match.PARTIAL, child_scope
        return Match.FULL, child_scope

    return matches


def _is_handled_plainly(route: BaseRoute) -> bool:
    return type(route).handle is APIRoute.handle and "handle" not in vars(route)


MATCHING_BY_REGEX = frozenset(
    kind.matches for kind in (Route, APIRoute, WebSocketRoute, APIWebSocketRoute, Mount)
)


def _matches_by_regex(route: BaseRoute) -> bool:
    return type(route).matches in MATCHING_BY_REGEX and "matches" not in vars(route)


def _pattern(route: BaseRoute, described: Any) -> PathPattern:
    """Return which paths a route can match; any, if it does not match by its regex alone."""
    if not _matches_by_regex(route):
        return ANY_PATH
    return PathPattern.read(described.path_regex, described.path_format, described.param_convertors)
