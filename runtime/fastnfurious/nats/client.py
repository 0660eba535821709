"""One connection to a NATS server: the one place that knows the driver and its errors."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from fastnfurious.core.errors import FastNFuriousError, OperationTimeout, ResourceUnavailable
from fastnfurious.nats.contract import (
    BufferFull,
    InvalidPayload,
    InvalidSubject,
    Message,
    MessageTooLarge,
)
from fastnfurious.nats.settings import NatsSettings

if TYPE_CHECKING:
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription as DriverSubscription

__all__ = ["ConnectionRefused", "NatsConnection", "in_words"]

_REFUSALS = ("authorization violation", "authentication", "expired")
_ROUND_TRIP = 10.0
_LAST_WORDS = 5.0


class ConnectionRefused(Exception):
    """The server, or its certificate, says no: trying again will not help by itself."""


class _AttemptFailed(Exception):
    """One attempt to connect has failed.

    Raised out of the driver's error callback, which is the only way to keep the driver from trying
    for ever by itself; so it must be none of the errors that the driver catches.
    """


class NatsConnection:
    """Send and receive over one connection, until it is lost.

    The driver's own reconnecting is switched off: it gives up for ever after some attempts,
    refuses to drain while it reconnects, and lets requests wait for answers that cannot come.

    Args:
        on_close: Called once when an established connection ends.
        on_error: Called with what the server complains about, in words, and with the subject of a
            subscription that lost a message, if that is why.
    """

    def __init__(
        self, on_close: Callable[[], None], on_error: Callable[[str, str | None], None]
    ) -> None:
        from nats.aio.client import Client as Driver

        self._driver: Driver = Driver()
        self._on_close = on_close
        self._on_error = on_error
        self._established = False
        self._work: set[asyncio.Future[Any]] = set()
        self._ended = asyncio.get_running_loop().create_future()

    @property
    def closed(self) -> bool:
        """Return whether it has ended."""
        return self._driver.is_closed or self._ended.done()

    async def open(self, server: str, settings: NatsSettings, name: str) -> None:
        """Connect.

        Raises:
            ConnectionRefused: The server, or its certificate, says no.
            Exception: The server cannot be reached.
        """
        seconds: Any = settings.connect_timeout
        interval: Any = settings.ping_interval
        try:
            async with asyncio.timeout(settings.connect_timeout):
                await self._driver.connect(
                    [server],
                    name=name,
                    allow_reconnect=False,
                    connect_timeout=seconds,
                    ping_interval=interval,
                    error_cb=self._note_error,
                    closed_cb=self._note_close,
                    **_credentials(server, settings),
                    **_encryption(settings),
                )
        except BaseException:
            await self.aclose()
            raise
        self._established = True
        # The driver does not say that it has closed when something was waiting to be sent: that
        # fails while it closes, before it comes to the callback.
        for task in (self._driver._reading_task, self._driver._flusher_task):
            if task is not None:
                task.add_done_callback(self._note_stop)

    async def aclose(self) -> None:
        """Send what is waiting, as far as the server takes it in time, and disconnect."""
        # After a handshake that failed, the driver would wait for an end that never comes.
        limit = _LAST_WORDS if self._established else 0.1
        with suppress(Exception):
            async with asyncio.timeout(limit):
                await self._driver.close()
        transport: Any = self._driver._transport
        writer: asyncio.StreamWriter | None = getattr(transport, "_io_writer", None)
        if writer is not None:
            writer.transport.abort()  # closing waits for ever for a server that does not read
        elif transport is not None:
            transport.close()
        for work in self._work - {asyncio.current_task()}:
            work.cancel()
        self._release_publishers()

    def new_inbox(self) -> str:
        """Return a subject that nobody else uses."""
        return self._driver.new_inbox()

    async def publish(
        self, subject: str, data: bytes, reply: str = "", headers: dict[str, str] | None = None
    ) -> None:
        """Send a message."""
        task = asyncio.current_task()
        cancelled = task.cancelling() if task else 0
        try:
            await self._driver.publish(subject, data, reply, headers)
        except Exception as error:
            raise _translated(error, subject) from error
        # The driver swallows a cancellation while it waits for the server to read: without this
        # the time limit of whoever publishes would pass unnoticed.
        if task is not None and task.cancelling() > cancelled:
            raise asyncio.CancelledError
        if self._ended.done():
            raise ResourceUnavailable("The connection to NATS is lost")

    async def subscribe(
        self, subject: str, queue: str, deliver: Callable[[Message], None]
    ) -> DriverSubscription:
        """Ask for messages."""

        async def receive(message: Msg) -> None:
            headers: Mapping[str, str] = message.headers or {}
            deliver(Message(message.subject, message.data, headers, message.reply))

        try:
            return await self._driver.subscribe(subject, queue=queue, cb=receive)
        except Exception as error:
            raise _translated(error, subject) from error

    async def unsubscribe(self, subscription: DriverSubscription) -> None:
        """Ask for no more messages; returns when those on their way have arrived."""
        with suppress(Exception):  # without a connection nothing arrives anyway
            await self._undisturbed(self._leave(subscription))

    async def flush(self) -> None:
        """Wait until the server has seen all that was sent; one that is silent is left.

        Raises:
            ResourceUnavailable: The connection is lost, or the server is silent.
        """
        try:
            await self._undisturbed(self._flush())
        except Exception as error:
            raise ResourceUnavailable(f"NATS does not answer: {in_words(error)}") from error

    async def _leave(self, subscription: DriverSubscription) -> None:
        # Draining says it again, which does no harm, and asks too early whether it has arrived.
        await self._driver._send_unsubscribe(subscription._id)
        await self._send_waiting()
        draining: Awaitable[None] = subscription.drain()  # type: ignore[no-untyped-call]
        await draining

    async def _send_waiting(self) -> None:
        """Have written what was said before.

        The driver writes a PING at once, so that it overtakes what waits to be sent; its PONG then
        says nothing, and messages that came between would be lost.
        """
        await self._driver._flush_pending(force_flush=True)

    async def _flush(self) -> None:
        try:
            async with asyncio.timeout(_ROUND_TRIP):
                await self._send_waiting()
                await self._driver.flush(timeout=int(_ROUND_TRIP))
        except TimeoutError:
            await self.aclose()
            raise

    async def _undisturbed(self, work: Awaitable[Any]) -> None:
        """Await something that goes on when the caller is cancelled.

        A cancelled flush leaves a cancelled future behind, on which the driver's reader fails
        when the answer comes: the connection would look alive and hear nothing.
        """
        task = asyncio.ensure_future(work)
        self._work.add(task)
        task.add_done_callback(self._forget)
        # The driver tells nobody who waits for an answer that the connection has ended.
        await asyncio.wait({task, self._ended}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ConnectionError("the connection was lost")
        task.result()

    def _forget(self, task: asyncio.Future[Any]) -> None:
        self._work.discard(task)
        if not task.cancelled():
            task.exception()  # nobody may be waiting for it any more

    async def _note_error(self, error: Exception) -> None:
        from nats.errors import SlowConsumerError

        if not self._established:
            raise _refusal(error) from error
        slow = error.subject if isinstance(error, SlowConsumerError) else None
        self._on_error(in_words(error), slow)

    async def _note_close(self) -> None:
        self._end()

    def _note_stop(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled():
            task.exception()  # nobody else looks at it
        self._end()
        self._release_publishers()

    def _end(self) -> None:
        if self._ended.done() or self._ended.get_loop().is_closed():
            return
        self._ended.set_result(None)
        if self._established:
            self._on_close()

    def _release_publishers(self) -> None:
        """Wake those who wait for the driver to send: it forgets them when a connection ends."""
        queue = self._driver._flush_queue
        while queue is not None and not queue.empty():
            waiting = queue.get_nowait()
            if not waiting.done():
                waiting.set_result(None)


def _credentials(server: str, settings: NatsSettings) -> dict[str, Any]:
    """Return who we are, in the words of the driver: the strongest proof that is there."""
    url = urlsplit(server)
    if settings.credentials:
        return {"user_credentials": str(settings.credentials)}
    if settings.nkey_seed:
        return {"nkeys_seed_str": settings.nkey_seed.get_secret_value()}
    if settings.user and settings.password:
        return {"user": settings.user, "password": settings.password.get_secret_value()}
    if settings.token:
        return {"token": settings.token.get_secret_value()}
    if url.username and url.password:
        return {"user": unquote(url.username), "password": unquote(url.password)}
    return {}


def _encryption(settings: NatsSettings) -> dict[str, Any]:
    """Return whom we trust, and what we show; without either the driver does it by itself."""
    if not settings.tls_ca and not settings.tls_certificate:
        return {}
    context = ssl.create_default_context(cafile=settings.tls_ca)
    if settings.tls_certificate:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    return {"tls": context}


def _refusal(error: Exception) -> Exception:
    words = str(error).lower()
    if isinstance(error, ssl.SSLError) or any(refusal in words for refusal in _REFUSALS):
        return ConnectionRefused(in_words(error))
    return _AttemptFailed(in_words(error))


def _translated(error: Exception, subject: str) -> Exception:
    """Return our error for one of the driver's."""
    from nats import errors

    table: tuple[tuple[type[Exception], type[FastNFuriousError], str], ...] = (
        (errors.BadSubjectError, InvalidSubject, f"{subject!r} is no subject: parts of letters "
         "and digits with dots between them, such as 'orders.created'"),
        (errors.MaxPayloadError, MessageTooLarge, f"The message to {subject!r} is larger than the "
         "server takes: send less, or raise its max_payload"),
        (errors.BadHeaderError, InvalidPayload, f"A header of the message to {subject!r} has a "
         "name that NATS does not take"),
        (errors.OutboundBufferLimitError, BufferFull, "NATS is away, and too much waits for it"),
        (errors.TimeoutError, OperationTimeout, f"No answer about {subject!r} in time"),
        (errors.ConnectionDrainingError, ResourceUnavailable, "The NATS client is closing"),
        (errors.ConnectionClosedError, ResourceUnavailable, "The connection to NATS is lost"),
        (OSError, ResourceUnavailable, "The connection to NATS is lost"),
        (errors.Error, ResourceUnavailable, f"NATS could not take {subject!r}: {in_words(error)}"),
    )  # fmt: skip
    for kind, ours, words in table:
        if isinstance(error, kind):
            return ours(words)
    return error


def in_words(error: BaseException) -> str:
    """Say what is wrong without an address, which may hold a password."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.partition(" (")[0].removeprefix("Multiple exceptions: ")
    return str(error).removeprefix("nats: ").strip("'") or type(error).__name__
