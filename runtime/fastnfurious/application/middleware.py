"""The one middleware: request id, trace, metrics and access line of every request, in one pass."""

from __future__ import annotations

import re
from time import perf_counter
from typing import TYPE_CHECKING

from loguru import logger
from starlette.types import ASGIApp, Receive, Scope, Send

from fastnfurious.application.exchange import (
    Exchange,
    HttpExchange,
    WebSocketExchange,
    is_departure,
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
        exchange = HttpExchange(self._request_id(scope), receive, send, self._lifecycle)
        self._begin(scope, exchange)
        self._metrics.request_started()
        error: BaseException | None = None
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except BaseException as raised:
            error = raised
            self._log(error)
            raise
        finally:
            self._end(scope, exchange)
            self._record_http(scope, exchange, error)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = WebSocketExchange(self._request_id(scope), receive, send)
        exchange.on_accept = self._metrics.websocket_opened
        self._begin(scope, exchange)
        error: BaseException | None = None
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except BaseException as raised:
            error = raised
            self._log(error)
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
        status = _status(exchange)
        if status == CLIENT_CLOSED_REQUEST:
            error = None
        method = METHODS.get(scope["method"], OTHER_METHOD)
        route, duration, trace = exchange.route or UNMATCHED, exchange.duration, exchange.trace
        if trace is None:
            self._metrics.request_finished(method, route, status, duration, None)
        else:
            trace.finish(exchange.route, status, error)
            self._metrics.request_finished(method, route, status, duration, trace.exemplar)
            self._write(scope, exchange, method, status)
        current_request_id.reset(exchange.token)

    def _record_websocket(
        self, scope: Scope, exchange: WebSocketExchange, error: BaseException | None
    ) -> None:
        failure = None if is_departure(error) else error
        route, trace = exchange.route or UNMATCHED, exchange.trace
        exemplar = trace and trace.exemplar
        if exchange.accepted:
            status = code = exchange.close_code(error)
            self._metrics.websocket_closed(route, code, exchange.duration, exemplar)
        else:
            # A handshake that was refused is an ordinary request with an ordinary answer.
            status = exchange.status if failure is None else 500
            self._metrics.request_started()
            self._metrics.request_finished("GET", route, status, exchange.duration, exemplar)
        if trace is not None:
            trace.finish(exchange.route, None if exchange.accepted else status, failure)
            self._write(scope, exchange, WEBSOCKET, status)
        current_request_id.reset(exchange.token)

    def _write(self, scope: Scope, exchange: Exchange, method: str, status: int) -> None:
        client = scope.get("client")
        self._access.write(
            exchange.request_id,
            exchange.trace.trace_id,
            exchange.trace.span_id,
            method,
            scope["path"],
            exchange.route or UNMATCHED,
            status,
            exchange.duration,
            client[0] if client else None,
        )

    def _log(self, error: BaseException) -> None:
        """Log what the application raised, once, unless it only says that the client left."""
        if is_departure(error):
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


def _status(exchange: HttpExchange) -> int:
    if exchange.left_early():
        return CLIENT_CLOSED_REQUEST
    # Neither an answer that breaks off nor one that never began is what its status promised.
    return exchange.status if exchange.complete else 500
