"""Requests made by hand, message by message, as no polite client would make them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from starlette.types import ASGIApp, Message, Scope

__all__ = ["exchange", "http_scope", "websocket_scope"]

Headers = Sequence[tuple[bytes, bytes]]


def http_scope(
    path: str = "/", method: str = "GET", headers: Headers = (), query: bytes = b""
) -> Scope:
    """Return the scope of an HTTP request."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("utf-8", "surrogateescape"),
        "query_string": query,
        "root_path": "",
        "headers": list(headers),
        "client": ("192.0.2.7", 50000),
        "server": ("testserver", 80),
        "state": {},
    }


def websocket_scope(path: str, headers: Headers = (), query: bytes = b"") -> Scope:
    """Return the scope of a websocket, from a server that can answer a handshake with a body."""
    scope = http_scope(path, headers=headers, query=query)
    del scope["method"]
    extensions: dict[str, Any] = {"websocket.http.response": {}}
    return {**scope, "type": "websocket", "scheme": "ws", "extensions": extensions}


async def exchange(app: ASGIApp, scope: Scope, messages: Iterable[Message]) -> list[Message]:
    """Return what the application sends when it gets these messages and then nothing more.

    Raises:
        BaseException: What the application raised; what it sent is in its ``sent``.
    """
    inbox = list(messages)
    sent: list[Message] = []

    async def receive() -> Message:
        if inbox:
            return inbox.pop(0)
        await asyncio.Event().wait()
        raise AssertionError("nothing ever comes")

    async def send(message: Message) -> None:
        sent.append(message)

    try:
        await app(scope, receive, send)
    except BaseException as error:
        error.__dict__["sent"] = sent
        raise
    return sent
