"""A service that answers over NATS, and tells those who ask what it is.

*Source:* https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-32.md
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from fastnfurious.core.errors import ConfigurationError
from fastnfurious.core.identifiers import new_identifier
from fastnfurious.nats.endpoint import DEFAULT_QUEUE, Endpoint, EndpointGroup
from fastnfurious.nats.handlers import Handler, HandlerFunction
from fastnfurious.nats.jetstream.consumer import Consumer
from fastnfurious.nats.messaging import NatsClient
from fastnfurious.nats.subscription import Subscription

__all__ = ["MicroService"]

_is_name = re.compile(r"[A-Za-z0-9_-]+").fullmatch
_NUMBER, _LABEL = r"(?:0|[1-9]\d*)", r"(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)"
# *Source:* https://semver.org/#spec-item-9, numbers have no leading zeros.
_is_version = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_LABEL}(?:\.{_LABEL})*)?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
).fullmatch
_TYPE = "io.nats.micro.v1.{}_response"


class MicroService(EndpointGroup):
    """Answer requests and follow messages, as a service that the ``nats`` tool knows.

    ``nats service ls`` and ``nats service stats`` find it, by the answers to ``$SRV.PING``,
    ``$SRV.INFO`` and ``$SRV.STATS``. `join` puts it on a client; ``fastnfurious.NatsService`` is
    one that can also be deployed by itself.

    Args:
        name: Name of the service: letters, digits, ``-`` and ``_``.
        version: Its semantic version.
        description: What it does, in a sentence.
        metadata: What else is told about it.
        queue: Group in which one instance gets each request.

    Attributes:
        id: Identifier of this instance.
        endpoints: What it answers and follows.

    Raises:
        ConfigurationError: The name or the version is none.

    Example:
        >>> inventory = MicroService("inventory", version="1.0.0")
        >>> @inventory.reply("stock.get")
        ... async def get_stock(item: int) -> int:
        ...     return item * 2
        >>> [endpoint.subject for endpoint in inventory.endpoints]
        ['stock.get']
    """

    def __init__(
        self,
        name: str,
        *,
        version: str,
        description: str = "",
        metadata: Mapping[str, str] | None = None,
        queue: str = DEFAULT_QUEUE,
    ) -> None:
        if not _is_name(name):
            raise ConfigurationError(
                f"{name!r} cannot be the name of a service: letters, digits, '-' and '_' only"
            )
        if not _is_version(version):
            raise ConfigurationError(
                f"{version!r} cannot be the version of a service: three numbers, such as 1.0.0"
            )
        super().__init__(self._add_endpoint, "", queue)
        self.endpoints: list[Endpoint] = []
        self.name = name
        self.version = version
        self.description = description
        self.metadata: Mapping[str, str] = MappingProxyType(dict(metadata or {}))
        self.id = new_identifier()
        self._started = datetime.now(UTC)
        self._clients: list[NatsClient] = []
        self._consumers: list[Callable[[NatsClient, bool], Consumer]] = []
        self._joined: list[Subscription | Consumer] = []
        self._starts_by_itself = True

    def join(self, client: NatsClient, *, start: bool = True) -> None:
        """Serve over a client, endpoints that are added later included.

        Args:
            client: For example ``app.nats``.
            start: Serve from the client's opening on; otherwise when `start` is called.
        """
        self._starts_by_itself = start
        self._clients.append(client)
        client.services.append(self)
        for endpoint in self.endpoints:
            self._joined.append(endpoint.join(client, start=start))
        for consume in self._consumers:
            self._joined.append(consume(client, start))
        for verb, answer in (("PING", self.ping), ("INFO", self.info), ("STATS", self.stats)):
            for subject in _asked(f"$SRV.{verb}", self.name, self.id):
                subscription = client.subscribe(subject, start=start)(_answering(answer))
                subscription.is_traced = False
                self._joined.append(subscription)

    def consume(
        self, subject: str, *, durable: str, **options: Any
    ) -> Callable[[HandlerFunction], HandlerFunction]:
        """Handle the messages of a stream with a function, as a decorator.

        Args:
            subject: Subject, or pattern with ``*`` and ``>``.
            durable: Name that the server remembers by how far the messages are handled.
            **options: Those of ``client.jetstream.consume``.

        Raises:
            ConfigurationError: The function is not async or asks for what there is not; or, once
                the service joins a client, an option cannot work.
        """

        def add(function: HandlerFunction) -> HandlerFunction:
            Handler(function)  # a function that cannot be a handler is refused here already

            def consume(client: NatsClient, start: bool) -> Consumer:
                register = client.jetstream.consume
                return register(subject, durable=durable, start=start, **options)(function)

            self._consumers.append(consume)
            for client in self._clients:
                self._joined.append(consume(client, self._starts_by_itself))
            return function

        return add

    async def start(self) -> None:
        """Serve over the clients that were joined, from now on.

        Raises:
            InvalidSubject: Nothing can be published to the subject of an endpoint.
        """
        self._started = datetime.now(UTC)
        self._starts_by_itself = True
        for joined in self._joined:
            await joined.start()

    async def stop(self) -> None:
        """Take no more messages, and finish those in hand; the clients stay open."""
        await asyncio.gather(*(each.stop() for each in self._joined))

    def reset(self) -> None:
        """Count from nothing again."""
        for endpoint in self.endpoints:
            endpoint.reset()

    def _add_endpoint(self, endpoint: Endpoint) -> None:
        self.endpoints.append(endpoint)
        for client in self._clients:
            self._joined.append(endpoint.join(client, start=self._starts_by_itself))

    def ping(self) -> dict[str, Any]:
        """Return who the service is."""
        return {"type": _TYPE.format("ping"), **self._identity()}

    def info(self) -> dict[str, Any]:
        """Return what the service does."""
        endpoints = [endpoint.info() for endpoint in self.endpoints]
        return {
            "type": _TYPE.format("info"),
            **self._identity(),
            "description": self.description,
            "endpoints": endpoints,
        }

    def stats(self) -> dict[str, Any]:
        """Return what the service has done."""
        return {
            "type": _TYPE.format("stats"),
            **self._identity(),
            "started": self._started.isoformat().replace("+00:00", "Z"),
            "endpoints": [endpoint.stats() for endpoint in self.endpoints],
        }

    def _identity(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "id": self.id,
            "version": self.version,
            "metadata": dict(self.metadata),
        }


def _answering(answer: Callable[[], dict[str, Any]]) -> HandlerFunction:
    async def tell() -> dict[str, Any]:
        return answer()

    return tell


def _asked(verb: str, name: str, identifier: str) -> tuple[str, str, str]:
    """Return where all services are asked, those of a name, and one of them."""
    return verb, f"{verb}.{name}", f"{verb}.{name}.{identifier}"
