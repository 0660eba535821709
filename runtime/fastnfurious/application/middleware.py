"""The one middleware: request id, trace, metrics and access line of every request, in one pass."""

from __future__ import annotations

import re
from time import perf_counter
from typing import TYPE_CHECKING

from loguru import logger
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from fastnfurious.application.exchange import (
    NORMAL_CLOSURE,
    Exchange,
    HttpExchange,
    WebSocketExchange,
)
from fastnfurious.application.route_template import route_template
from fastnfurious.core.context import request_id as current_request_id
from fastnfurious.core.errors import is_logged, mark_logged

if TYPE_CHECKING:
    from fastnfurious.application.app import FastNFuriousAPI

__all__ = ["APPLICATION_KEY", "CLIENT_CLOSED_REQUEST", "ObservingMiddleware"]

APPLICATION_KEY = "fastnfurious"
"""Key of the scope under which the application that observes a request is found."""

CLIENT_CLOSED_REQUEST = 499
"""Status recorded, never sent, when a client left before it had the answer."""

INTERNAL_ERROR = 1011
ROUTE_KEY = "fastapi.telemetry"
WEBSOCKET = "WEBSOCKET"
METHODS = {
    name: name for name in "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT QUERY".split()
}
OTHER_METHOD = "_OTHER"
UNMATCHED = "unmatched"

_is_sane = re.compile(rb"[\x21-\x7e]{1,128}").fullmatch


class ObservingMiddleware:
    """Observe every request of an application, whatever happens to it inside.

    Args:
        app: The rest of the application.
        owner: The application whose logs, traces and metrics are used.
    """

    def __init__(self, app: ASGIApp, owner: FastNFuriousAPI) -> None:
        self.app = app
        self._owner = owner
        self._lifecycle = owner.lifecycle
        self._traces = owner.tracing.requests
        self._metrics = owner.metrics.http
        self._access = owner.logs.access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; one that another application of ours observes is left alone."""
        if APPLICATION_KEY in scope or scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self._websocket(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = HttpExchange(self._request_id(scope), receive, send)
        exchange.closing = self._lifecycle.draining
        self._begin(scope, exchange)
        self._metrics.request_started()
        error: BaseException | None = None
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except BaseException as raised:
            error = raised
            self._log(error, exchange.left_early())
            raise
        finally:
            self._end(scope, exchange)
            self._record_http(scope, exchange, error)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = WebSocketExchange(self._request_id(scope), receive, send)
        self._begin(scope, exchange)
        error: BaseException | None = None
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except BaseException as raised:
            error = raised
            self._log(error, exchange.disconnected)
            raise
        finally:
            self._end(scope, exchange)
            self._record_websocket(scope, exchange, error)

    def _request_id(self, scope: Scope) -> str:
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _is_sane(value):
                return str(value, "ascii")
        return self._owner.identifiers()

    def _begin(self, scope: Scope, exchange: Exchange) -> None:
        scope[APPLICATION_KEY] = self._owner
        # FastAPI's own telemetry, when an application asked for it, is there already.
        if scope.get(ROUTE_KEY) is None:
            scope[ROUTE_KEY] = exchange
        exchange.token = current_request_id.set(exchange.request_id)
        self._lifecycle.in_flight += 1
        exchange.started = perf_counter()
        if not _is_management(scope):
            exchange.trace = self._traces.start(scope)

    def _end(self, scope: Scope, exchange: Exchange) -> None:
        exchange.duration = perf_counter() - exchange.started
        self._lifecycle.in_flight -= 1
        exchange.route = route_template(scope, scope[ROUTE_KEY].route, self._owner.routes)

    def _record_http(
        self, scope: Scope, exchange: HttpExchange, error: BaseException | None
    ) -> None:
        status = _status(exchange, error)
        method = METHODS.get(scope["method"], OTHER_METHOD)
        route, duration, trace = exchange.route or UNMATCHED, exchange.duration, exchange.trace
        if trace is None:
            self._metrics.request_finished(method, route, status, duration, None)
        else:
            trace.finish(exchange.route, status, error)
            self._metrics.request_finished(method, route, status, duration, trace.exemplar)
            self._access.write(
                exchange.request_id,
                trace.trace_id,
                trace.span_id,
                method,
                scope["path"],
                route,
                status,
                duration,
                _client(scope),
            )
        current_request_id.reset(exchange.token)

    def _record_websocket(
        self, scope: Scope, exchange: WebSocketExchange, error: BaseException | None
    ) -> None:
        code = exchange.code
        if code is None:
            code = NORMAL_CLOSURE if error is None else INTERNAL_ERROR
        route, trace = exchange.route or UNMATCHED, exchange.trace
        self._metrics.websocket_closed(route, code, exchange.duration)
        if trace is not None:
            trace.finish(exchange.route, None, error)
            self._access.write(
                exchange.request_id,
                trace.trace_id,
                trace.span_id,
                WEBSOCKET,
                scope["path"],
                route,
                code,
                exchange.duration,
                _client(scope),
            )
        current_request_id.reset(exchange.token)

    def _log(self, error: BaseException, left: bool) -> None:
        """Log what the application raised, once, unless it only says that the client left."""
        if isinstance(error, ClientDisconnect | WebSocketDisconnect):
            mark_logged(error)
        elif isinstance(error, Exception) and not is_logged(error):
            logger.opt(exception=error).error("The application raised {}", type(error).__name__)
            mark_logged(error)


def _is_management(scope: Scope) -> bool:
    path: str = scope["path"]
    root = scope.get("root_path")
    if root and path.startswith(root):
        path = path[len(root) :]
    return path == "/metrics" or path == "/health" or path.startswith("/health/")


def _client(scope: Scope) -> str | None:
    client = scope.get("client")
    return client[0] if client else None


def _status(exchange: HttpExchange, error: BaseException | None) -> int:
    if exchange.left_early():
        return CLIENT_CLOSED_REQUEST
    # Neither an answer that breaks off nor one that never began is what its status promised.
    return exchange.status if exchange.complete else 500
