"""One request and its answer, as seen from outside the application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import Token
from typing import Any

from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from fastnfurious.application.fastapi_internals import RequestTelemetry
from fastnfurious.application.owner import Owner
from fastnfurious.application.problems import problem_response
from fastnfurious.core.context import CurrentExchange

__all__ = ["Exchange", "HttpExchange", "WebSocketExchange", "is_departure"]

CLIENT_CLOSED_REQUEST = 499
"""Status recorded, never sent, when a client left before it had the answer."""

ABNORMAL_CLOSURE = 1006
NORMAL_CLOSURE = 1000
INTERNAL_ERROR = 1011


# What the limits of request bodies answer: "Content Too Large", as text or within JSON.
TOO_LARGE = (
    {(b"content-length", b"17"), (b"content-type", b"text/plain; charset=utf-8")},
    {(b"content-length", b"30"), (b"content-type", b"application/json")},
)


class _Forgetful(list[BaseException]):
    """Drop what is appended: an error kept here would keep its whole traceback alive."""

    def append(self, error: BaseException) -> None:
        """Do nothing."""


class Exchange(RequestTelemetry):
    """Pass the messages of one request on, and remember what matters about them.

    FastAPI's own telemetry asks its routers which template a request matched; included routers,
    mounts and frontends all answer. An exchange takes the place of that telemetry in the scope,
    so that nothing has to be matched twice.

    Attributes:
        route: Template with the prefixes of all mounts; ``None`` while nothing has matched.
        scope: The ASGI scope.
        root_path: Path that the application is served below.
        request_id: Identifier of the request.
        disconnected: Whether the client left before it had the whole answer.
    """

    # Fields of FastAPI's class, as class attributes: none of them is needed for each request.
    span = None
    span_method = ""
    data = None
    route: str | None
    _exceptions: list[BaseException] = _Forgetful()

    disconnected = False
    token: Token[str | None]
    outer: Token[CurrentExchange | None]
    root_path = ""
    trace: Any = None
    error: BaseException | None = None
    matched: str | None = None
    started = 0.0
    duration = 0.0

    def __init__(self, scope: Scope, request_id: str, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.request_id = request_id
        self._receive = receive
        self._send = send

    def require_client(self) -> None:
        """Do nothing: whoever reads from a websocket is told that it is closed."""


class HttpExchange(Exchange):
    """Watch one HTTP request.

    Attributes:
        status: Status that was sent; ``0`` while none was.
        complete: Whether the end of the answer was sent.
    """

    status = 0
    complete = False

    def __init__(
        self, scope: Scope, request_id: str, receive: Receive, send: Send, owner: Owner
    ) -> None:
        self.request_id = request_id
        self.scope = scope
        self._receive = receive
        self._send = send
        self._owner = owner

    async def receive(self) -> Message:
        """Return the next message from the client."""
        message = await self._receive()
        if message["type"] == "http.disconnect" and not self.complete:
            self.disconnected = True
        return message

    # Not a coroutine function itself: that would be one more frame for each message.
    def send(self, message: Message) -> Awaitable[None]:
        """Send a message to the client; the first one gets the request id."""
        kind = message["type"]
        if kind == "http.response.body":
            if not message.get("more_body", False):
                self.complete = True
        elif kind == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": self._headers(message)}
            if self.status == 413 and self._owner.problem_details:
                return self._send_too_large(message)
        elif kind == "http.response.pathsend":
            self.complete = True
        return self._send(message)

    async def _send_too_large(self, start: Message) -> None:
        """Send a problem where Starlette's limit, past all handlers, sends its own plain text."""
        if not any(known.issubset(start["headers"]) for known in TOO_LARGE):
            await self._send(start)
            return
        response = problem_response(HTTPConnection(self.scope), 413)
        send, self._send = self._send, _drop
        await send({**start, "headers": self._headers({"headers": response.raw_headers})})
        await send({"type": "http.response.body", "body": response.body})

    def _headers(self, message: Message) -> list[tuple[bytes, bytes]]:
        # A new list: the one in the message may belong to an answer that is sent many times.
        headers = [*message.get("headers", ())]
        for name, _ in headers:
            if name == b"x-request-id":
                break
        else:
            headers.append((b"x-request-id", self.request_id.encode()))
        if self._owner.lifecycle.draining:
            headers = [pair for pair in headers if pair[0].lower() != b"connection"]
            headers.append((b"connection", b"close"))
        return headers

    def outcome(self) -> tuple[int, BaseException | None]:
        """Return the status to record, and the error if it was one of the application."""
        # The error knows the frames that know the exchange: without this, a circle.
        error, self.error = self.error, None
        if self.left_early():
            return CLIENT_CLOSED_REQUEST, None
        # Neither an answer that breaks off nor one that never began is what its status promised.
        return (self.status if self.complete else 500), error

    @property
    def found(self) -> bool:
        """Return whether something was there to answer."""
        return self.status != 404

    def left_early(self) -> bool:
        """Return whether the client left before it had the whole answer."""
        if self.disconnected:
            return True
        # An application that never asks for another message is not told; uvicorn's object for
        # the request knows.
        server = getattr(self._receive, "__self__", None)
        return getattr(server, "disconnected", False) is True

    def require_client(self) -> None:
        """Make sure that the client still waits for its answer, or has it.

        Raises:
            ClientDisconnect: It has left.
        """
        if not self.complete and self.left_early():
            raise ClientDisconnect


async def _drop(message: Message) -> None:
    """Send nothing: the answer has been sent already."""


class WebSocketExchange(Exchange):
    """Watch one websocket.

    Attributes:
        accepted: Whether the application accepted the connection.
        code: Close code of whichever side closed first; ``None`` while it is open.
        status: HTTP status of a refused handshake.
    """

    accepted = False
    code: int | None = None
    status = 403
    on_accept: Callable[[], None]

    async def receive(self) -> Message:
        """Return the next message from the client."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect" and self.code is None:
            self.disconnected = True
            self.code = message.get("code") or ABNORMAL_CLOSURE
        return message

    async def send(self, message: Message) -> None:
        """Send a message to the client; the answer to the handshake gets the request id."""
        kind = message["type"]
        if kind in ("websocket.accept", "websocket.http.response.start"):
            identity = (b"x-request-id", self.request_id.encode())
            message = {**message, "headers": [*(message.get("headers") or ()), identity]}
            self.status = message.get("status", self.status)
        elif kind == "websocket.close" and self.code is None:
            self.code = message.get("code") or NORMAL_CLOSURE
        await self._send(message)
        if kind == "websocket.accept" and not self.accepted:
            self.accepted = True
            self.on_accept()

    async def wait_closed(self) -> None:
        """Return when either side has closed the connection; what the client sends is dropped."""
        while self.accepted and self.code is None:
            await self.receive()

    @property
    def found(self) -> bool:
        """Return whether something was there to connect to."""
        return self.accepted

    def close_code(self) -> int:
        """Return the code with which the connection ended, whoever ended it."""
        if self.code is not None:
            return self.code
        if self.error is None:
            return NORMAL_CLOSURE
        return ABNORMAL_CLOSURE if is_departure(self.error) else INTERNAL_ERROR


def is_departure(error: BaseException | None) -> bool:
    """Return whether an error only says that the client has left."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(is_departure, error.exceptions))
    return isinstance(error, ClientDisconnect | WebSocketDisconnect)
