"""The server: it listens on the loopback, and takes messages to those who subscribed."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from fastnfurious.core.identifiers import new_identifier
from fastnfurious.nats.embedded.connection import Connection
from fastnfurious.nats.embedded.interest import Interest, ServerSubscription
from fastnfurious.nats.embedded.protocol import Publish, no_responders

if TYPE_CHECKING:
    from fastnfurious.nats.embedded.jetstream.account import JetStream

__all__ = ["EmbeddedServer"]

_VERSION = "2.12.0"
_JETSTREAM = "$JS."


class EmbeddedServer:
    """Serve NATS in the process, for development and tests.

    It does what core NATS does: wildcards, queue groups, requests and replies, headers, limits on
    unsubscribing, credentials, and the immediate answer when nobody listens. JetStream keeps all
    streams in memory, and loses them with the process. It does not cluster, and has no accounts.

    Args:
        user: Who may connect; with it, a password is needed.
        password: Password of the user.
        token: Token that clients have to know.
        max_payload: Most bytes of a message.
        max_pending: Most bytes that wait for a client that reads too slowly.
        port: Where it listens; 0 chooses a port that is free.

    Example:
        >>> async def where() -> str:
        ...     async with EmbeddedServer() as server:
        ...         return server.url.rpartition(":")[0]
        >>> asyncio.run(where())
        'nats://127.0.0.1'
    """

    def __init__(
        self,
        *,
        user: str | None = None,
        password: str | None = None,
        token: str | None = None,
        max_payload: int = 1024 * 1024,
        max_pending: int = 64 * 1024 * 1024,
        port: int = 0,
    ) -> None:
        self._credentials = {"user": user, "pass": password, "auth_token": token}
        self.max_payload = max_payload
        self.max_pending = max_pending
        self.interest = Interest(random.choice)
        self.id = new_identifier().upper()
        self.connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._port = port
        self._numbers = 0
        self._written: set[Connection] = set()
        self._jetstream: JetStream | None = None

    @property
    def url(self) -> str:
        """Return the address; the port is known once the server has been started."""
        return f"nats://127.0.0.1:{self._port}"

    @property
    def running(self) -> bool:
        """Return whether it listens."""
        return self._server is not None

    @property
    def auth_required(self) -> bool:
        """Return whether clients have to say who they are."""
        return any(self._credentials.values())

    async def start(self) -> None:
        """Listen; after a stop, on the same port as before."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), "127.0.0.1", self._port, reuse_address=True
        )
        self._port = self._server.sockets[0].getsockname()[1]
        if self._jetstream is not None:
            self._jetstream.start()

    async def stop(self) -> None:
        """Stop listening, and cut every connection."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        if self._jetstream is not None:
            self._jetstream.stop()
        self.disconnect_all()
        await server.wait_closed()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Stop."""
        await self.stop()

    def disconnect_all(self) -> None:
        """Cut every connection, as a failing network would."""
        for connection in list(self.connections):
            connection.abort()

    def greeting(self, connection: Connection) -> bytes:
        """Return the line with which the server introduces itself."""
        self._numbers += 1
        info: dict[str, Any] = {
            "server_id": self.id,
            "server_name": "embedded",
            "version": _VERSION,
            "proto": 1,
            "host": "127.0.0.1",
            "port": self._port,
            "headers": True,
            "max_payload": self.max_payload,
            "jetstream": True,
            "client_id": self._numbers,
            "client_ip": "127.0.0.1",
        }
        if self.auth_required:
            info["auth_required"] = True
        return b"INFO %s\r\n" % json.dumps(info).encode()

    def accepts(self, connection: Connection) -> bool:
        """Return whether a new connection is let in: none that arrives while the server stops."""
        return self.running

    def admits(self, options: dict[str, Any]) -> bool:
        """Return whether a client knows what it has to know."""
        wanted = {name: value for name, value in self._credentials.items() if value}
        return all(options.get(name) == value for name, value in wanted.items())

    def publish(self, sender: Connection, message: Publish) -> None:
        """Take a message to all whom it concerns; tell its sender when it is a request to nobody.

        *Source:* https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-4.md
        """
        found = self.interest.match(message.subject, sender)
        if self._takes(message):
            self._deliver(found, message)
            return
        if not found and message.reply and sender.wants_no_responders:
            refusal = Publish(message.reply, "", no_responders(message.subject), b"")
            found, message = self.interest.match(message.reply), refusal
            found = [each for each in found if each.receiver is sender]
        self._deliver(found, message)

    def inject(self, message: Publish) -> int:
        """Take a message that no client has sent to all whom it concerns; return how many."""
        found = self.interest.match(message.subject)
        self._deliver(found, message)
        self._takes(message)
        self.flush()
        return len(found)

    def send(self, target: str, message: Publish) -> None:
        """Take a message of JetStream to who listens to a subject, which may not be its own."""
        self._deliver(self.interest.match(target), message)

    def listens(self, subject: str) -> bool:
        """Return whether anybody listens to a subject."""
        return self.interest.has(subject)

    def keeps(self, subject: str) -> bool:
        """Return whether a stream takes the messages of a subject."""
        return self._jetstream is not None and self._jetstream.keeps(subject)

    def _takes(self, message: Publish) -> bool:
        """Return whether a message is for JetStream, which begins when it is first needed."""
        if self._jetstream is None:
            if not message.subject.startswith(_JETSTREAM):
                return False
            self._jetstream = self._begin_jetstream()
        return self._jetstream.take(message)

    def _begin_jetstream(self) -> JetStream:
        from fastnfurious.nats.embedded.jetstream.account import JetStream

        jetstream = JetStream(self)
        self.interest.changed = jetstream.note_interest
        return jetstream

    def _deliver(self, found: Iterable[ServerSubscription], message: Publish) -> None:
        for subscription in list(found):
            receiver = subscription.receiver
            if isinstance(receiver, Connection):
                receiver.deliver(subscription, message)
                self._written.add(receiver)

    def flush(self) -> None:
        """Send what the last commands have led to, in one piece for each connection."""
        written, self._written = self._written, set()
        for connection in written:
            connection.flush()
