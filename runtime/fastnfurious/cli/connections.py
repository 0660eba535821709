"""Connections that end without taking an answer from their client."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from fastnfurious.cli.backlog import has_input

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application, HTTPScope
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

__all__ = ["ConnectionState", "HttpProtocol", "LingeringTransport", "WebSocketProtocol"]

_LINGER = 0.5
"""Seconds in which a client may still send to a connection that we have ended."""


class ConnectionState(ServerState):
    """Share what all connections of a listener know.

    Attributes:
        draining: Whether every response from now on ends its connection.
    """

    def __init__(self) -> None:
        super().__init__()
        self.draining = False


class HttpProtocol(HttpToolsProtocol):
    """Speak HTTP/1.1 as uvicorn does, but lose no request when the server stops.

    When uvicorn shuts down it closes every connection that is not answering: one whose request
    is on its way or half read is cut, and bytes that arrive after the close reset the connection,
    which can destroy the response before them. Here, a connection ends after its next response,
    which says ``Connection: close``; one that stays silent is closed by the server's drain.
    """

    server_state: ConnectionState
    ending = False
    """Whether `close_gently` was called."""

    @property
    def owes_answer(self) -> bool:
        """Return whether a request has begun to arrive and is not answered."""
        if self.pipeline or self._head_is_arriving():
            return True
        return _unanswered(self.cycle)

    @property
    def has_unread(self) -> bool:
        """Return whether the kernel holds bytes that have not reached us."""
        return has_input(self.transport.get_extra_info("socket").fileno())

    def begin_drain(self) -> None:
        """End the connection after the response in progress, if its head is not sent yet.

        A client that has read a head without ``Connection: close`` may send its next request
        at once; that one will be the last.
        """
        if _unanswered(self.cycle) and not self.cycle.response_started:
            self._make_last(self.cycle)

    def close_gently(self) -> None:
        """Close the connection, but read what the client is still sending."""
        self.ending = True
        LingeringTransport(self.transport, self).close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        # Requests that are pipelined behind this one are dropped unread, which the response tells
        # their client: it sends them again, on another connection (RFC 9112, section 9.6).
        if self.server_state.draining:
            self._make_last(cycle)
        super()._start_asgi_task(cycle, app)

    def _make_last(self, cycle: RequestResponseCycle) -> None:
        cycle.keep_alive = False
        if not isinstance(cycle.transport, LingeringTransport):
            cycle.transport = LingeringTransport(self.transport, self)

    def _head_is_arriving(self) -> bool:
        # The parser makes a new scope at the first byte of a request, and uvicorn a new cycle with
        # that scope once the headers are complete.
        scope: HTTPScope | None = self.scope
        cycle: RequestResponseCycle | None = self.cycle
        return scope is not None and (cycle is None or cycle.scope is not scope)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Speak WebSocket as uvicorn does; a service that stops tells its clients to come again."""

    _ended = False

    def end(self) -> None:
        """Close with 1012, "service restart", once the handshake is complete."""
        if self._ended or not self.handshake_complete:
            return
        self._ended = True
        # The client's own close frame may cross ours.
        self.transport = LingeringTransport(self.transport, self)
        self.shutdown()


def _unanswered(cycle: RequestResponseCycle | None) -> bool:
    return cycle is not None and not cycle.response_complete


class LingeringTransport(asyncio.Transport):
    """Stand in for a transport; closing it ends our side only, until the client has ended its own.

    Closing a socket while the client sends, for example the body of a request that was
    answered from its headers, resets the connection, and the reset can overtake the response.

    *Source:* RFC 9112, section 9.6, https://www.rfc-editor.org/rfc/rfc9112#section-9.6.
    """

    def __init__(self, transport: asyncio.Transport, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._transport = transport
        self._protocol = protocol
        self._closing = False

    def write(self, data: Any) -> None:
        """Send data."""
        self._transport.write(data)

    def is_closing(self) -> bool:
        """Return whether our side has ended."""
        return self._closing or self._transport.is_closing()

    def close(self) -> None:
        """End our side, and the connection when the client has ended its own, or after a moment."""
        if self.is_closing():
            return
        self._closing = True
        if not self._transport.can_write_eof():  # TLS has no half-closed state
            self._transport.close()
            return
        self._transport.set_protocol(_Discarding(self._protocol))
        with suppress(OSError):  # the client may be gone
            self._transport.resume_reading()
            self._transport.write_eof()
        asyncio.get_running_loop().call_later(_LINGER, self._transport.close)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the transport knows about itself."""
        return self._transport.get_extra_info(name, default)

    def resume_reading(self) -> None:
        """Take what the client sends."""
        self._transport.resume_reading()

    def pause_reading(self) -> None:
        """Leave what the client sends in the kernel."""
        self._transport.pause_reading()


class _Discarding(asyncio.Protocol):
    """Throw away what arrives; tell the connection's own protocol only of the end."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        self._protocol = protocol

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)
