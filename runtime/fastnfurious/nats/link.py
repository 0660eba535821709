"""The link to a NATS server: connection after connection, so that losing one is no more than a gap.

Subscriptions are made again on each connection, publications wait for the next one, and requests
whose answers went down with a connection fail at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from loguru import logger

from fastnfurious.core.errors import (
    OperationTimeout,
    ResourceUnavailable,
    StartupError,
)
from fastnfurious.nats.backoff import Backoff
from fastnfurious.nats.client import ConnectionRefused, NatsConnection, in_words
from fastnfurious.nats.contract import BufferFull, Message, NoResponders
from fastnfurious.nats.instruments import NatsInstruments
from fastnfurious.nats.outbox import Outbox, Publication
from fastnfurious.nats.settings import NatsSettings

__all__ = ["Link", "LinkSubscription"]


class LinkSubscription:
    """Name a subscription over every connection that the link makes.

    Attributes:
        subject: Subject, or pattern of subjects.
        queue: Group in which one member gets each message.
        deliver: Takes the messages.
        on_return: Called when another connection has taken its place.
        on_connection: What the present connection calls it.
    """

    def __init__(
        self,
        subject: str,
        queue: str,
        deliver: Callable[[Message], None],
        on_return: Callable[[], None] | None = None,
    ) -> None:
        self.subject = subject
        self.queue = queue
        self.deliver = deliver
        self.on_return = on_return
        self.on_connection: Any = None


class Link:
    """Stay connected to a NATS server.

    Args:
        settings: Credentials, time limits and bounds.
        name: What the server calls the connection.
        find_servers: Returns the addresses, each time a connection is made.
        instruments: What is measured.
    """

    def __init__(
        self,
        settings: NatsSettings,
        *,
        name: str,
        find_servers: Callable[[], Awaitable[Sequence[str]]],
        instruments: NatsInstruments,
    ) -> None:
        self._settings = settings
        self._name = name
        self._find_servers = find_servers
        self._instruments = instruments
        self._connection: NatsConnection | None = None
        self._connected = asyncio.Event()
        self._attempted = asyncio.Event()
        self._lost = asyncio.Event()
        self._handed_over: asyncio.Event | None = None
        self._reason: Exception | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._subscriptions: set[LinkSubscription] = set()
        self._waiting: dict[str, asyncio.Future[Message | None]] = {}
        self._inbox = ""
        self._requests = 0
        self._outbox = Outbox(settings.pending_bytes)
        self._attempts = 0

    @property
    def connected(self) -> bool:
        """Return whether there is a connection now."""
        return self._connection is not None

    @property
    def reason(self) -> str:
        """Return why there is no connection, in words without addresses."""
        return in_words(self._reason) if self._reason else "not connected yet"

    async def open(self) -> None:
        """Begin to connect, and wait for the first attempt.

        Raises:
            StartupError: The server refuses us.
        """
        self._keeping = asyncio.create_task(self._keep_connected())
        await _wait(self._attempted, self._settings.connect_timeout)
        if isinstance(self._reason, ConnectionRefused):
            raise StartupError(f"NATS refuses the connection: {self._reason}")

    async def wait_connected(self, timeout: float) -> NatsConnection:
        """Return the connection as soon as there is one.

        Raises:
            ResourceUnavailable: There is none in time.
        """
        if self._connection is None:
            await _wait(self._connected, timeout)
        if self._connection is None:
            raise ResourceUnavailable(f"NATS cannot be reached: {self.reason}")
        return self._connection

    async def aclose(self) -> None:
        """End the connection; what could not be sent is logged."""
        keeping, self._keeping = self._keeping, None
        while keeping is not None and not keeping.done():
            keeping.cancel()  # again and again: the driver swallows it at some points
            await asyncio.wait({keeping}, timeout=0.05)
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.aclose()
            self._instruments.connected.set(0)
        self._fail_waiting("the client was closed")
        if self._outbox:
            logger.error("{} publications were lost: NATS stayed away", len(self._outbox))

    async def publish(self, publication: Publication) -> None:
        """Send a message, or keep it while the server is away."""
        connection = self._connection
        if connection is None and self._handed_over is not None:
            await _wait(self._handed_over, self._settings.timeout)
            connection = self._connection
        if connection is None:
            self._keep(publication)
            return
        try:
            await connection.publish(*publication)
        except ResourceUnavailable:
            if not connection.closed:
                raise
            self._keep(publication)

    async def request(
        self, subject: str, data: bytes, timeout: float, headers: dict[str, str] | None = None
    ) -> Message:
        """Ask, and return the first answer."""
        connection = self._connection
        if connection is None:
            connection = await self.wait_connected(min(timeout, self._settings.connect_timeout))
        self._requests += 1
        token, loop = f"{self._requests:x}", asyncio.get_running_loop()
        answer = self._waiting[token] = loop.create_future()
        # Not `asyncio.timeout`: it costs as much as publishing does.
        limit = loop.call_later(timeout, _give_up, answer)
        try:
            await connection.publish(subject, data, f"{self._inbox}.{token}", headers)
            message: Message | None = await answer
        finally:
            limit.cancel()
            del self._waiting[token]
        if message is None:
            raise OperationTimeout(f"No reply from {subject!r} within {timeout:g} s")
        if not message.data and message.headers.get("Status") == "503":
            raise NoResponders(f"Nobody answers requests for {subject!r}{_hint(subject)}")
        return message

    async def subscribe(
        self,
        subject: str,
        queue: str,
        deliver: Callable[[Message], None],
        on_return: Callable[[], None] | None = None,
    ) -> LinkSubscription:
        """Ask for messages, on this connection and all that follow."""
        subscription = LinkSubscription(subject, queue, deliver, on_return)
        self._subscriptions.add(subscription)
        connection = self._connection
        if connection is None:
            return subscription
        try:
            await self._attach(connection, subscription)
            await connection.flush()
        except BaseException:
            if not connection.closed:  # otherwise the next connection makes the subscription
                self._subscriptions.discard(subscription)
                raise
        return subscription

    async def unsubscribe(self, subscription: LinkSubscription) -> None:
        """Ask for no more messages; those that are on their way still arrive."""
        self._subscriptions.discard(subscription)
        known, subscription.on_connection = subscription.on_connection, None
        if self._connection is not None and known is not None:
            await self._connection.unsubscribe(known)

    async def round_trip(self) -> None:
        """Wait until the server has seen all that was sent.

        Raises:
            ResourceUnavailable: The connection is lost, or the server is silent.
        """
        if self._connection is None:
            raise ResourceUnavailable(f"NATS cannot be reached: {self.reason}")
        await self._connection.flush()

    async def _keep_connected(self) -> None:
        backoff, task = Backoff(longest=self._settings.longest_wait), asyncio.current_task()
        # The driver swallows a cancellation at some points; whoever waits for the end, as a loop
        # does that closes, asks only once.
        while task is not None and not task.cancelling():
            try:
                await self._connect()
            except Exception as error:
                self._note_failure(error)
                await asyncio.sleep(backoff.next())
                continue
            backoff.reset()
            await self._lost.wait()
            await self._note_loss()

    async def _connect(self) -> None:
        """Make a connection and put it to use: subscriptions first, then what has been waiting."""
        servers = await self._find_servers()
        server = servers[self._attempts % len(servers)]
        self._attempts += 1
        self._lost.clear()
        connection = NatsConnection(self._lost.set, self._note_error)
        try:
            await connection.open(server, self._settings, self._name)
            await self._take_over(connection)
        except BaseException:
            await connection.aclose()
            raise

    async def _take_over(self, connection: NatsConnection) -> None:
        self._inbox = connection.new_inbox()
        await connection.subscribe(f"{self._inbox}.*", "", self._receive_answer)
        for subscription in list(self._subscriptions):
            await self._attach(connection, subscription)
        await connection.flush()
        await self._hand_over(connection)
        self._connected.set()
        self._attempted.set()
        self._instruments.connected.set(1)
        for subscription in list(self._subscriptions):
            if subscription.on_return is not None:
                subscription.on_return()
        logger.info("NATS is connected")

    async def _hand_over(self, connection: NatsConnection) -> None:
        """Send what has been waiting; what is published meanwhile comes after it.

        Who publishes has to wait here: they would fill the outbox faster than it can be emptied,
        and there would never be a connection again.
        """
        handed_over = self._handed_over = asyncio.Event()
        try:
            while self._outbox:
                await connection.publish(*self._outbox.first())
                self._outbox.drop_first()
            if connection.closed:
                raise ConnectionError("the connection was lost at once")
            self._connection, self._reason = connection, None
        finally:
            self._handed_over = None
            handed_over.set()

    @staticmethod
    async def _attach(connection: NatsConnection, subscription: LinkSubscription) -> None:
        subscription.on_connection = await connection.subscribe(
            subscription.subject, subscription.queue, subscription.deliver
        )

    def _receive_answer(self, message: Message) -> None:
        answer = self._waiting.get(message.subject.rpartition(".")[2])
        if answer is not None and not answer.done():
            answer.set_result(message)

    def _keep(self, publication: Publication) -> None:
        if self._keeping is None:
            raise ResourceUnavailable("The NATS client is closed")
        try:
            self._outbox.add(publication)
        except BufferFull:
            self._instruments.refused.inc()
            raise

    def _note_failure(self, error: Exception) -> None:
        known = self._reason is not None and in_words(error) == in_words(self._reason)
        self._reason = error
        self._attempted.set()
        if not known:
            logger.warning("NATS cannot be reached, trying again: {}", in_words(error))

    async def _note_loss(self) -> None:
        lost, self._connection = self._connection, None
        self._connected.clear()
        self._reason = ConnectionError("the connection was lost")
        self._instruments.connected.set(0)
        self._instruments.lost.inc()
        logger.warning("NATS is away: the connection was lost")
        self._fail_waiting("the connection was lost before the reply came")
        if lost is not None:
            await lost.aclose()

    def _fail_waiting(self, reason: str) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ResourceUnavailable(f"No reply from NATS: {reason}"))

    def _note_error(self, words: str, slow: str | None) -> None:
        if slow is not None:
            self._instruments.dropped.labels(slow).inc()
        logger.warning("NATS reports: {}", words)


def _give_up(answer: asyncio.Future[Message | None]) -> None:
    if not answer.done():
        answer.set_result(None)


def _hint(subject: str) -> str:
    if not subject.startswith("$JS."):
        return ""
    variable = NatsSettings.variable("url")
    return f": JetStream needs a nats-server that runs with it, named by {variable}"


async def _wait(event: asyncio.Event, timeout: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            await event.wait()
