"""The client: publish, ask and subscribe, with typed payloads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

from loguru import logger

from fastnfurious.core.context import open_connection
from fastnfurious.core.errors import ConfigurationError
from fastnfurious.core.health import CheckResult, HealthStatus
from fastnfurious.nats.handlers import Handler, HandlerFunction
from fastnfurious.nats.instruments import NatsInstruments
from fastnfurious.nats.link import Link
from fastnfurious.nats.sender import Sender
from fastnfurious.nats.settings import NatsSettings
from fastnfurious.nats.subscription import Subscription

if TYPE_CHECKING:
    from fastnfurious.nats.jetstream.jetstream import JetStream
    from fastnfurious.nats.jetstream.stream import Stream

__all__ = ["NatsClient"]


class NatsClient(Sender):
    """Send messages, ask other services, and listen.

    It connects when it is opened or first used, and stays connected: while the server is away,
    publications wait in a bounded memory, requests fail after a short wait, and subscriptions
    begin again with its return.

    Args:
        settings: Credentials, time limits and bounds.
        name: What the server calls the connection.
        find_servers: Returns the addresses, each time a connection is made.
        instruments: What is measured.

    Attributes:
        family: The client that was first, and all that it has made.
        services: Services that have joined it.
    """

    def __init__(
        self,
        settings: NatsSettings,
        *,
        name: str,
        find_servers: Callable[[], Awaitable[Sequence[str]]],
        instruments: NatsInstruments | None = None,
    ) -> None:
        super().__init__(settings, instruments or NatsInstruments())
        self._name = name
        self._find_servers = find_servers
        self._link: Link | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening: asyncio.Task[Link] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._subscriptions: list[Subscription] = []
        self._starting = set[asyncio.Task[None]]()
        self._jetstream: JetStream | None = None
        self._streams: Sequence[Stream] = settings.streams
        self.family = WeakSet[NatsClient]((self,))
        self.services: list[Any] = []

    def create_nats_client(self) -> NatsClient:
        """Return a further client with the same settings, which an ``async with`` block opens.

        In a websocket endpoint, a block that has started subscriptions stays until the websocket
        is closed.
        """
        client = NatsClient(
            self.settings,
            name=self._name,
            find_servers=self._find_servers,
            instruments=self.instruments,
        )
        client.family = self.family
        client._streams = ()  # the first one has seen to them
        self.family.add(client)
        return client

    @property
    def jetstream(self) -> JetStream:
        """Return the way to streams: durable messages, key-value and object stores."""
        if self._jetstream is None:
            from fastnfurious.nats.jetstream.jetstream import JetStream  # not all need it

            self._jetstream = JetStream(
                self.settings,
                self.link,
                self.instruments,
                declared=self._streams,
                is_open=self._link is not None,
            )
        return self._jetstream

    async def open(self) -> None:
        """Connect, and start the subscriptions that were registered before.

        A server that is away is no error: the connection is made when it returns.

        Raises:
            StartupError: The server refuses us, or has another stream or consumer than is declared.
            InvalidSubject: Nothing can be published to the subject of a subscription.
        """
        await self.link()
        for subscription in list(self._subscriptions):
            if subscription.starts_by_itself:
                await subscription.start()
        if self._jetstream is not None or self._streams:
            await self.jetstream.open()

    async def link(self) -> Link:
        """Return the link underneath, opened by the first who asks."""
        loop = asyncio.get_running_loop()
        if self._link is not None and self._loop is loop:
            return self._link
        if self._opening is None or self._loop is not loop:
            self._loop, self._link = loop, None
            self._opening = loop.create_task(self._open_link())
        return await asyncio.shield(self._opening)

    async def _open_link(self) -> Link:
        link = Link(
            self.settings,
            name=self._name,
            find_servers=self._find_servers,
            instruments=self.instruments,
        )
        try:
            await link.open()
        except BaseException:
            self._opening = None
            await link.aclose()
            raise
        self._link = link
        return link

    async def drain(self) -> None:
        """Take no more messages, and finish those in hand."""
        await self._started()
        stopping = [each.stop() for each in self._subscriptions if each.started]
        if self._jetstream is not None:
            stopping.append(self._jetstream.drain())
        await asyncio.gather(*stopping)

    async def aclose(self) -> None:
        """Drain, send what was published, and disconnect; safe to call twice.

        When the caller is cancelled, as the endpoint of a websocket is that closes, it goes on.
        """
        closing = self._closing
        if closing is None or closing.done() or self._loop is not asyncio.get_running_loop():
            closing = self._closing = asyncio.create_task(self._close())
        await asyncio.shield(closing)

    async def _close(self) -> None:
        opening, self._opening = self._opening, None
        link, self._link = self._link, None
        if self._loop is not asyncio.get_running_loop():
            for subscription in self._subscriptions:
                subscription.abandon()
            if self._jetstream is not None:
                self._jetstream.abandon()
            return
        if opening is not None and not opening.done():
            opening.cancel()
            await asyncio.wait({opening})
        if link is None:
            return
        self._link = link
        try:
            await self.drain()
        finally:
            self._link = None
            await link.aclose()

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            ResourceUnavailable: The server cannot be reached.
            StartupError: The server refuses us.
        """
        try:
            await self.open()
            link = await self.link()
            await link.wait_connected(self.settings.connect_timeout)
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(self, exc_type: object, exc: object, traceback: object) -> None:
        """Disconnect; in a websocket endpoint with subscriptions, when the websocket closes.

        Whatever the client of the websocket sends by then is dropped.
        """
        try:
            if exc_type is None:
                await self._started()
                connection = open_connection.get()
                if connection is not None and any(each.started for each in self._subscriptions):
                    await connection.wait_closed()
        finally:
            await self.aclose()

    def subscribe(
        self,
        subject: str,
        *,
        queue: str = "",
        concurrency: int = 1,
        start: bool = True,
        always_answer: bool = False,
    ) -> Callable[[HandlerFunction | Handler], Subscription]:
        """Register a function for the messages of a subject, as a decorator.

        Args:
            subject: Subject, or pattern with ``*`` and ``>``.
            queue: Group in which one member gets each message.
            concurrency: How many messages are handled at the same time; 1 keeps them in order.
            start: Take messages from now on, or from the opening of the client on; otherwise
                when ``await subscription.start()`` is called.
            always_answer: Answer requests also when the function returns ``None``.

        Raises:
            ConfigurationError: The function is not async, or asks for what there is not.

        Example:
            >>> client = NatsClient(NatsSettings(), name="shop", find_servers=_nowhere)
            >>> @client.subscribe("orders.*")
            ... async def on_order(order: dict[str, int]) -> None:
            ...     print(order["id"])
            >>> asyncio.run(on_order({"id": 7}))
            7
        """
        if concurrency < 1:
            raise ConfigurationError(f"concurrency={concurrency} is not accepted: at least 1")

        def register(function: HandlerFunction | Handler) -> Subscription:
            handler = function if isinstance(function, Handler) else Handler(function)
            subscription = Subscription(self, subject, handler, queue, concurrency)
            subscription.starts_by_itself = start
            subscription.always_answers = always_answer
            self._subscriptions.append(subscription)
            if start and self._link is not None:
                self._start(subscription)
            return subscription

        return register

    async def flush(self) -> None:
        """Wait until the server has seen all that was published and subscribed.

        Raises:
            ResourceUnavailable: The connection is lost, or the server is silent.
        """
        await self._started()
        await (await self.link()).round_trip()

    async def check(self) -> CheckResult:
        """Return whether the server answers."""
        link = await self.link()
        if not link.connected:
            return CheckResult(HealthStatus.FAIL, f"NATS is away: {link.reason}")
        await link.round_trip()
        problem = self._jetstream.problem if self._jetstream is not None else None
        if problem is not None:
            return CheckResult(HealthStatus.FAIL, f"A consumer gets no messages: {problem}")
        return CheckResult()

    def _start(self, subscription: Subscription) -> None:
        task = asyncio.create_task(subscription.start())
        self._starting.add(task)
        task.add_done_callback(_log_failure)

    async def _started(self) -> None:
        """Wait for subscriptions that are just being made, and raise what went wrong."""
        while self._starting:
            await self._starting.pop()
        if self._jetstream is not None:
            await self._jetstream.started()


async def _nowhere() -> Sequence[str]:
    return []


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        logger.error("A subscription could not be started: {}", task.exception())
