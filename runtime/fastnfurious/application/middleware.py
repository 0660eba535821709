"""The one middleware: request id, trace, metrics and access line of every request, in one pass."""

from __future__ import annotations

import re
from time import perf_counter

from loguru import logger
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fastnfurious.application.exchange import (
    Exchange,
    HttpExchange,
    WebSocketExchange,
    is_departure,
)
from fastnfurious.application.fastapi_internals import ExceptionTelemetryMiddleware
from fastnfurious.application.owner import Owner
from fastnfurious.application.route_template import MOUNTED, find_template
from fastnfurious.core.context import APPLICATION_KEY, current_exchange, open_connection
from fastnfurious.core.context import request_id as current_request_id
from fastnfurious.core.errors import is_logged, mark_logged

__all__ = ["ObservingMiddleware"]

ROUTE_KEY = "fastapi.telemetry"
WEBSOCKET = "WEBSOCKET"
UNMATCHED = "unmatched"

_is_sane = re.compile(rb"[\x21-\x7e]{1,128}").fullmatch


class ObservingMiddleware:
    """Observe every request of an application, whatever happens to it inside.

    Args:
        app: The rest of the application.
        owner: The application whose logs, traces and metrics are used.
        alone: Whether FastAPI's own telemetry is off.
    """

    def __init__(self, app: ASGIApp, owner: Owner, *, alone: bool = True) -> None:
        self.app = app
        self._failures = app if type(app) is ServerErrorMiddleware else None
        self._inside = _inside(app, alone)
        self._owner = owner
        self._lifecycle = owner.lifecycle
        self._traces = owner.tracing.requests
        self._metrics = owner.metrics.http
        self._access = owner.logs.access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; one that another application of ours observes is left alone."""
        if APPLICATION_KEY in scope or scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
            return
        exchange = HttpExchange(scope, self._request_id(scope), receive, send, self._owner)
        self._begin(scope, exchange)
        self._metrics.request_started()
        try:
            await self._inside(scope, exchange.receive, exchange.send)
        except BaseException as error:
            exchange.error = error
            await self._fail(scope, exchange, error)
            raise
        finally:
            self._end_http(scope, exchange)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = WebSocketExchange(scope, self._request_id(scope), receive, send)
        exchange.on_accept = self._metrics.websocket_opened
        self._begin(scope, exchange)
        connection = open_connection.set(exchange)
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except BaseException as error:
            exchange.error = error
            self._log(scope, error)
            raise
        finally:
            open_connection.reset(connection)
            self._end_websocket(scope, exchange)

    async def _fail(self, scope: Scope, exchange: HttpExchange, error: BaseException) -> None:
        """Log an error, and let Starlette answer with what the application has for status 500."""
        self._log(scope, error)
        if self._failures is None or not isinstance(error, Exception):
            return

        async def raise_again(scope: Scope, receive: Receive, send: Send) -> None:
            raise error

        handler, debug = self._failures.handler, self._failures.debug
        send = _drop if exchange.status else exchange.send
        await ServerErrorMiddleware(raise_again, handler, debug)(scope, exchange.receive, send)

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
        if not scope["query_string"].isascii():
            # Starlette's redirects would fail to decode it. RFC 3986 knows no such bytes.
            scope["query_string"] = _escape(scope["query_string"])
        exchange.token = current_request_id.set(exchange.request_id)
        exchange.outer = current_exchange.set(exchange)
        # Remembered, because a mount that is on the way changes it in the scope.
        exchange.root_path = root = scope.get("root_path", "")
        self._lifecycle.in_flight += 1
        exchange.started = perf_counter()
        path = scope["path"]
        if path == "/metrics" or path.startswith("/health") or root:
            if _is_management(scope):
                return
        exchange.trace = self._traces.start(scope)

    def _end(self, scope: Scope, exchange: HttpExchange | WebSocketExchange) -> str:
        """Take the request out of those in flight; return the template of its route."""
        exchange.duration = perf_counter() - exchange.started
        self._lifecycle.in_flight -= 1
        current_exchange.reset(exchange.outer)
        observer = scope[ROUTE_KEY]
        matched = observer.route
        if observer is exchange:
            # The server's object for the request knows the scope: a circle, left to the collector.
            del scope[ROUTE_KEY]
        if exchange.found if matched is None else matched.endswith(MOUNTED):
            matched = find_template(scope, matched, self._owner.routes)
        exchange.matched = matched
        return matched or UNMATCHED

    def _end_http(self, scope: Scope, exchange: HttpExchange) -> None:
        route = self._end(scope, exchange)
        status, error = exchange.outcome()
        method, trace = scope["method"], exchange.trace
        if trace is None:
            self._metrics.request_finished(method, route, status, exchange.duration)
        else:
            trace.finish(exchange.matched, status, error)
            self._metrics.request_finished(method, route, status, exchange.duration, trace.exemplar)
            self._write(scope, exchange, method, status)
        current_request_id.reset(exchange.token)

    def _end_websocket(self, scope: Scope, exchange: WebSocketExchange) -> None:
        route = self._end(scope, exchange)
        trace, error = exchange.trace, exchange.error
        exemplar = trace and trace.exemplar
        failure = None if is_departure(error) else error
        if exchange.accepted:
            status = code = exchange.close_code()
            self._metrics.websocket_closed(route, code, exchange.duration, exemplar)
        else:
            # A handshake that was refused is an ordinary request with an ordinary answer.
            status = exchange.status if failure is None else 500
            self._metrics.request_started()
            self._metrics.request_finished("GET", route, status, exchange.duration, exemplar)
        if trace is not None:
            trace.finish(exchange.matched, None if exchange.accepted else status, failure)
            self._write(scope, exchange, WEBSOCKET, status)
        exchange.error = None
        current_request_id.reset(exchange.token)

    def _write(self, scope: Scope, exchange: Exchange, method: str, status: int) -> None:
        client = scope.get("client")
        self._access.write(
            exchange.request_id,
            exchange.trace.trace_id,
            exchange.trace.span_id,
            method,
            scope["path"],
            exchange.matched or UNMATCHED,
            status,
            exchange.duration,
            client[0] if client else None,
        )

    def _log(self, scope: Scope, error: BaseException) -> None:
        """Log what the application raised, once, unless it only says that the client left."""
        if is_departure(error):
            mark_logged(error)
        elif isinstance(error, Exception) and not is_logged(error):
            method, name = scope.get("method", WEBSOCKET), type(error).__name__
            logger.opt(exception=error).error("{} {} raised {}", method, scope["path"], name)
            mark_logged(error)


def _is_management(scope: Scope) -> bool:
    path: str = scope["path"]
    root = scope.get("root_path")
    if root and path.startswith(root):
        path = path[len(root) :]
    return path == "/metrics" or path == "/health" or path.startswith("/health/")


def _escape(query: bytes) -> bytes:
    return b"".join(b"%%%02X" % byte if byte > 0x7F else bytes((byte,)) for byte in query)


def _inside(app: ASGIApp, alone: bool) -> ASGIApp:
    """Return what has to be called for each request.

    Starlette's outermost middleware only waits for errors, which the observer sees anyway;
    FastAPI's next one only tells its own telemetry of them.
    """
    if type(app) is not ServerErrorMiddleware:
        return app
    inner = app.app
    return inner.app if alone and type(inner) is ExceptionTelemetryMiddleware else inner


async def _drop(message: Message) -> None:
    """Send nothing: an answer has begun already."""
