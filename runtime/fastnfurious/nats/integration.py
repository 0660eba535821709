"""Joining NATS to an application: ``app.nats`` and ``app.create_nats_client()``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from loguru import logger

from fastnfurious.core.health import CheckResult
from fastnfurious.core.integration import Handled, Integration, IntegrationStatus, Mode
from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.nats.settings import NatsSettings

if TYPE_CHECKING:
    from fastnfurious.nats.embedded.server import EmbeddedServer
    from fastnfurious.nats.messaging import NatsClient

__all__ = ["NatsIntegration"]


class NatsIntegration(Integration):
    """Keep one client for the application, and make others that share its settings."""

    name = "nats"
    settings_class: ClassVar[type[NatsSettings]] = NatsSettings
    component_type = "system"

    def __init__(self, settings: NatsSettings, service: FastNFuriousSettings) -> None:
        super().__init__(settings, service)
        self._server: EmbeddedServer | None = None
        self._replacement: Callable[[], EmbeddedServer] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting: asyncio.Lock = asyncio.Lock()

    @property
    def resource(self) -> NatsClient:
        """Return the application's client."""
        return self._client

    @cached_property
    def _client(self) -> NatsClient:
        from fastnfurious.nats.instruments import NatsInstruments
        from fastnfurious.nats.messaging import NatsClient

        return NatsClient(
            self.settings,
            name=self.service.service_name,
            find_servers=self._find_servers,
            instruments=NatsInstruments(self.instruments),
        )

    @property
    def status(self) -> IntegrationStatus:
        """Return where the server is, without credentials."""
        remote = self.mode is Mode.REMOTE
        return IntegrationStatus(self.mode, self.settings.shown_address if remote else "in process")

    @property
    def handled(self) -> list[Handled]:
        """Return the endpoints of services on the application's client, and its consumers."""
        endpoints = [
            Handled("REPLY" if each.answers else "SUBSCRIBE", each.subject, each.name, service.name)
            for service in self._client.services
            for each in service.endpoints
        ]
        consumers = [
            Handled("CONSUME", each.options.subject, each.options.durable)
            for each in self._client.jetstream.consumers
        ]
        return [*endpoints, *consumers]

    async def open(self) -> None:
        """Connect, and start the subscriptions that were registered by now.

        Raises:
            StartupError: The server refuses us.
        """
        await self._client.open()

    async def drain(self) -> None:
        """Take no more messages, and finish those in hand."""
        await asyncio.gather(*(client.drain() for client in list(self._client.family)))

    async def aclose(self) -> None:
        """Disconnect every client, and stop the stand-in."""
        await asyncio.gather(*(client.aclose() for client in list(self._client.family)))
        server, self._server = self._server, None
        if server is not None and self._loop is asyncio.get_running_loop():
            await server.stop()

    async def check(self) -> CheckResult:
        """Return whether the server answers."""
        return await self._client.check()

    async def _find_servers(self) -> Sequence[str]:
        if self._replacement is None and self.mode is Mode.REMOTE:
            return list(self.settings.servers)
        return [(await self.embedded_server()).url]

    async def embedded_server(self) -> EmbeddedServer:
        """Return the stand-in, started by the first who asks."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._server, self._starting = loop, None, asyncio.Lock()
        async with self._starting:
            if self._server is None:
                server = self._create_server()
                await self._start(server)
                self._server = server
        return self._server

    async def _start(self, server: EmbeddedServer) -> None:
        try:
            await server.start()
        except OSError as error:
            from fastnfurious.nats.client import ConnectionRefused

            variable = self.settings.variable("embedded_port")
            raise ConnectionRefused(
                f"the stand-in cannot listen on {server.url}: {error.strerror}; "
                f"choose another {variable}"
            ) from error
        if self.settings.embedded_port:
            logger.info("NATS runs in the process, at {}", server.url)

    @contextmanager
    def standing_in(self, create: Callable[[], EmbeddedServer]) -> Iterator[None]:
        """Use a server of a test's own, whatever the settings say, inside a ``with`` block.

        Args:
            create: Makes the server; called once for each event loop.
        """
        before, self._replacement = self._replacement, create
        try:
            yield
        finally:
            self._replacement = before

    def _create_server(self) -> EmbeddedServer:
        """Return a stand-in that asks for the credentials that the settings have."""
        if self._replacement is not None:
            return self._replacement()
        from fastnfurious.nats.embedded.server import EmbeddedServer

        settings = self.settings
        return EmbeddedServer(
            user=settings.user,
            password=settings.password.get_secret_value() if settings.password else None,
            token=settings.token.get_secret_value() if settings.token else None,
            port=settings.embedded_port,
        )
