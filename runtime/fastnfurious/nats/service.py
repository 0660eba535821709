"""A service that answers over NATS, and tells those who ask what it is.

*Source:* https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-32.md
"""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from fastnfurious.core.errors import ConfigurationError
from fastnfurious.core.identifiers import new_identifier
from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.nats.endpoint import DEFAULT_QUEUE, Endpoint, EndpointGroup
from fastnfurious.nats.handlers import HandlerFunction
from fastnfurious.nats.integration import NatsIntegration
from fastnfurious.nats.messaging import NatsClient
from fastnfurious.nats.settings import NatsSettings

__all__ = ["NatsService"]

_is_name = re.compile(r"[A-Za-z0-9_-]+").fullmatch
_is_version = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?").fullmatch
_TYPE = "io.nats.micro.v1.{}_response"


class NatsService(EndpointGroup):
    """Answer requests and follow messages, as a service that the ``nats`` tool knows.

    ``nats service ls`` and ``nats service stats`` find it, by the answers to ``$SRV.PING``,
    ``$SRV.INFO`` and ``$SRV.STATS``. In an application, `join` puts it on the application's
    client, and ``my-service start`` serves it with logs, metrics, traces and health. In a plain
    script, `run` is enough.

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
        >>> inventory = NatsService("inventory", version="1.0.0")
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
        self.endpoints: list[Endpoint] = []
        super().__init__(self.endpoints, "", queue)
        self.name = name
        self.version = version
        self.description = description
        self.metadata = dict(metadata or {})
        self.id = new_identifier()
        self._started = datetime.now(UTC)

    def join(self, client: NatsClient) -> None:
        """Serve over a client, from its opening on; what is added later is not served.

        Args:
            client: For example ``app.nats``.
        """
        client.services.append(self)
        for endpoint in self.endpoints:
            endpoint.join(client)
        for verb, answer in (("PING", self.ping), ("INFO", self.info), ("STATS", self.stats)):
            for subject in (f"$SRV.{verb}", f"$SRV.{verb}.{self.name}"):
                client.subscribe(subject)(_answering(answer))
            client.subscribe(f"$SRV.{verb}.{self.name}.{self.id}")(_answering(answer))

    def run(self, settings: NatsSettings | None = None) -> None:
        """Serve until SIGINT or SIGTERM, then finish the requests in hand.

        Args:
            settings: Where NATS is; from the environment by default.

        Raises:
            SettingsError: A variable is missing or malformed.
            StartupError: The server refuses us.
        """
        asyncio.run(self.serve(settings))

    async def serve(self, settings: NatsSettings | None = None) -> None:
        """Do what `run` does, in an event loop that is running."""
        own = FastNFuriousSettings.load(service_name=self.name, service_version=self.version)
        integration = NatsIntegration(settings or NatsSettings.load(), own)
        self.join(integration.resource)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError, ValueError, RuntimeError):
                loop.add_signal_handler(number, stop.set)
        try:
            await integration.open()
            await stop.wait()
            await integration.drain()
        finally:
            await integration.aclose()

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
            "metadata": self.metadata,
        }


def _answering(answer: Callable[[], dict[str, Any]]) -> HandlerFunction:
    async def tell() -> dict[str, Any]:
        return answer()

    return tell
