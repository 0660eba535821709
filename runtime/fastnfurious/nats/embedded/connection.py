"""One client's connection, as the server sees it."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol, cast

from fastnfurious.nats.embedded.interest import Interest, ServerSubscription
from fastnfurious.nats.embedded.protocol import (
    Command,
    Connect,
    Parser,
    Ping,
    ProtocolFault,
    Publish,
    Subscribe,
    Unsubscribe,
    encode_message,
)
from fastnfurious.nats.embedded.subjects import is_pattern, is_subject

__all__ = ["Broker", "Connection"]

_OK = b"+OK\r\n"
_AUTH_TIMEOUT = 2.0


class Broker(Protocol):
    """What a connection needs of its server.

    Attributes:
        max_payload: Most bytes of a message.
        max_pending: Most bytes that wait for a client that reads too slowly.
        interest: All subscriptions.
        connections: All connections.
    """

    max_payload: int
    max_pending: int
    interest: Interest
    connections: set[Connection]

    @property
    def auth_required(self) -> bool:
        """Return whether clients have to say who they are."""
        ...

    def accepts(self, connection: Connection) -> bool:
        """Return whether a new connection is let in at all."""
        ...

    def greeting(self, connection: Connection) -> bytes:
        """Return the line with which the server introduces itself."""
        ...

    def admits(self, options: dict[str, Any]) -> bool:
        """Return whether a client knows what it has to know."""
        ...

    def publish(self, sender: Connection, message: Publish) -> None:
        """Take a message to all whom it concerns."""
        ...

    def flush(self) -> None:
        """Send what the last commands have led to."""
        ...


class Connection(asyncio.Protocol):
    """Follow one client's commands.

    Args:
        server: The server that the client has connected to.

    Attributes:
        echo: Whether the client gets what it publishes itself.
        wants_no_responders: Whether it is told that nobody listens for a request.
    """

    def __init__(self, server: Broker) -> None:
        self.echo = True
        self.wants_no_responders = False
        self._server = server
        self._parser = Parser(server.max_payload)
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self._subscriptions: dict[str, ServerSubscription] = {}
        self._takes_headers = False
        self._verbose = False
        self._pedantic = False
        self._admitted = not server.auth_required
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Introduce the server."""
        self._transport = cast(asyncio.Transport, transport)
        if not self._server.accepts(self):
            self._transport.abort()
            return
        self._server.connections.add(self)
        self._transport.write(self._server.greeting(self))
        if not self._admitted:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(_AUTH_TIMEOUT, self._refuse_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        self._forget()

    def data_received(self, data: bytes) -> None:
        """Follow the commands, then send what they led to."""
        try:
            for command in self._parser.feed(data):
                if self._transport is None:
                    return
                self._follow(command)
        except ProtocolFault as fault:
            self._end(str(fault))
        self.flush()
        self._server.flush()

    def deliver(self, subscription: ServerSubscription, message: Publish) -> None:
        """Add a message to what is sent next."""
        headers = message.headers if self._takes_headers else b""
        self._out.append(
            encode_message(subscription.sid, message.subject, message.reply, headers, message.data)
        )
        subscription.delivered += 1
        if subscription.limit and subscription.delivered >= subscription.limit:
            self._remove(subscription)

    def flush(self) -> None:
        """Send what has been delivered; a client that is too slow is cut off."""
        transport = self._transport
        if transport is None or not self._out:
            return
        transport.write(b"".join(self._out))
        self._out.clear()
        if transport.get_write_buffer_size() > self._server.max_pending:
            self.abort()

    def abort(self) -> None:
        """Cut the connection without a word."""
        transport = self._transport
        self._forget()
        if transport is not None:
            transport.abort()

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._transport = None
        self._server.connections.discard(self)
        for subscription in self._subscriptions.values():
            self._server.interest.discard(subscription)
        self._subscriptions.clear()

    def _end(self, words: str) -> None:
        transport = self._transport
        self._out.append(b"-ERR '%s'\r\n" % words.encode())
        self.flush()
        self._forget()
        if transport is not None:
            transport.close()

    def _refuse_late(self) -> None:
        if not self._admitted:
            self._end("Authentication Timeout")

    def _follow(self, command: Command) -> None:
        if isinstance(command, Connect):
            self._introduce(command)
        elif not self._admitted:
            raise ProtocolFault("Authorization Violation")
        elif isinstance(command, Publish):
            self._publish(command)
        elif isinstance(command, Subscribe):
            self._subscribe(command)
        elif isinstance(command, Unsubscribe):
            self._unsubscribe(command)
        elif isinstance(command, Ping):
            self._out.append(b"PONG\r\n")

    def _introduce(self, command: Connect) -> None:
        options = command.options
        if not self._server.admits(options):
            raise ProtocolFault("Authorization Violation")
        self._admitted = True
        self.echo = options.get("echo", True) is not False
        self._verbose = options.get("verbose") is True
        self._pedantic = options.get("pedantic") is True
        self._takes_headers = options.get("headers") is True
        self.wants_no_responders = self._takes_headers and options.get("no_responders") is True
        self._confirm()

    def _publish(self, message: Publish) -> None:
        if self._pedantic and not is_subject(message.subject):
            self._out.append(b"-ERR 'Invalid Publish Subject'\r\n")
            return
        self._confirm()
        self._server.publish(self, message)

    def _subscribe(self, command: Subscribe) -> None:
        if not is_pattern(command.subject):
            self._out.append(b"-ERR 'Invalid Subject'\r\n")
            return
        if command.sid not in self._subscriptions:
            wanted = ServerSubscription(self, command.sid, command.subject, command.queue)
            self._subscriptions[command.sid] = wanted
            self._server.interest.add(wanted)
        self._confirm()

    def _unsubscribe(self, command: Unsubscribe) -> None:
        subscription = self._subscriptions.get(command.sid)
        if subscription is not None:
            subscription.limit = command.limit
            if subscription.delivered >= command.limit:
                self._remove(subscription)
        self._confirm()

    def _remove(self, subscription: ServerSubscription) -> None:
        self._subscriptions.pop(subscription.sid, None)
        self._server.interest.discard(subscription)

    def _confirm(self) -> None:
        if self._verbose:
            self._out.append(_OK)
