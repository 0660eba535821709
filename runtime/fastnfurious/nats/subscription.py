"""A subscription: messages of one subject, and the handler that takes them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Any, ClassVar, Protocol

from loguru import logger
from starlette.websockets import WebSocketDisconnect

from fastnfurious.core.errors import ResourceUnavailable
from fastnfurious.nats.answers import error_headers
from fastnfurious.nats.contract import InvalidPayload, Message, Messenger
from fastnfurious.nats.handlers import Handler
from fastnfurious.nats.instruments import NatsInstruments
from fastnfurious.nats.link import Link, LinkSubscription
from fastnfurious.nats.payloads import encode
from fastnfurious.nats.propagation import fail, handling
from fastnfurious.nats.settings import NatsSettings

__all__ = ["Subscription", "SubscriptionOwner"]

_LAST_WORDS = 1.0
"""Seconds that handlers get to end when they are cancelled."""


class _Stopping(ResourceUnavailable):
    public: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__("The service is stopping; the request was not finished")


class SubscriptionOwner(Messenger, Protocol):
    """What a subscription needs of its client.

    Attributes:
        settings: Bounds and time limits.
        instruments: What is measured.
    """

    settings: NatsSettings
    instruments: NatsInstruments

    async def link(self) -> Link:
        """Return the link underneath."""
        ...


class Subscription:
    """Give a handler the messages of a subject; call it to call the handler itself.

    The driver hands over one message after the other; here as many are handled at the same time
    as ``concurrency`` says, and with 1 they are handled in order. A message that cannot be
    decoded, or whose handler fails, is logged and counted, and the next one is handled.

    A request is answered with what the handler returns, or with an error. A handler annotated to
    return ``None`` only listens: it answers nobody, so that it cannot take the place of the
    service that does.

    Args:
        client: The client that it belongs to.
        subject: Subject, or pattern of subjects.
        handler: What takes the messages.
        queue: Group in which one member gets each message; empty for none.
        concurrency: How many messages are handled at the same time.

    Attributes:
        starts_by_itself: Whether it takes messages as soon as its client is open.
        always_answers: Whether requests are answered also when the handler returns ``None``.
        observe: Called with the seconds that a message took, and what went wrong with it.
        is_traced: Whether its messages are traced and measured.
    """

    def __init__(
        self,
        client: SubscriptionOwner,
        subject: str,
        handler: Handler,
        queue: str,
        concurrency: int,
    ) -> None:
        self.subject = subject
        self.queue = queue
        self.concurrency = concurrency
        self.handler = handler
        self._client = client
        self._link: LinkSubscription | None = None
        self._queue = self._new_queue()
        self._workers: list[asyncio.Task[None]] = []
        self._dropping = False
        self.starts_by_itself = True
        self.always_answers = False
        self.observe: Callable[[float, Exception | None], None] | None = None
        self.is_traced = True
        self._too_late = False

    async def __call__(self, *args: Any, **options: Any) -> Any:
        """Call the handler, as if it had not been decorated."""
        return await self.handler.function(*args, **options)

    @property
    def started(self) -> bool:
        """Return whether it takes messages."""
        return self._link is not None

    async def start(self) -> None:
        """Take messages; when this returns, none is missed any more.

        While the server is away, messages are taken from its return on.

        Raises:
            InvalidSubject: Nothing can be published to that subject.
        """
        if self._link is not None:
            return
        self._too_late = False
        self._queue = self._new_queue()
        self._workers = [asyncio.create_task(self._work()) for _ in range(self.concurrency)]
        link = await self._client.link()
        try:
            self._link = await link.subscribe(self.subject, self.queue, self._deliver)
        except BaseException:
            self._cancel_workers()
            raise

    async def stop(self) -> None:
        """Take no more messages, and finish those in hand, within ``NATS_DRAIN_TIMEOUT``.

        Requests that are not finished by then get an error, so that nobody waits for nothing.
        """
        link, self._link = self._link, None
        if link is None:
            return
        await (await self._client.link()).unsubscribe(link)
        limit = self._client.settings.drain_timeout
        try:
            async with asyncio.timeout(limit):
                await self._queue.join()
        except TimeoutError:
            logger.error(
                "Handlers of {!r} were still busy after {:g} s and are cancelled; "
                "{} messages were not begun",
                self.subject,
                limit,
                self._queue.qsize(),
            )
            await self._turn_away()
        self._cancel_workers()

    async def _turn_away(self) -> None:
        self._too_late = True
        workers = self._workers
        self._cancel_workers()
        while not self._queue.empty():
            await self._answer_with_error(self._queue.get_nowait(), _Stopping())
        await asyncio.wait(workers, timeout=_LAST_WORDS)

    def abandon(self) -> None:
        """Stop at once, without finishing anything."""
        self._link = None
        self._cancel_workers()

    def _new_queue(self) -> asyncio.Queue[Message]:
        return asyncio.Queue(self._client.settings.pending_messages)

    def _cancel_workers(self) -> None:
        for worker in self._workers:
            worker.cancel()
        self._workers = []

    def _deliver(self, message: Message) -> None:
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self._client.instruments.dropped.labels(self.subject).inc()
            if not self._dropping:
                logger.error("Messages of {!r} are dropped: too many are waiting", self.subject)
            self._dropping = True
        else:
            self._dropping = False

    async def _work(self) -> None:
        while True:
            message = await self._queue.get()
            try:
                await self._handle(message)
            except Exception as error:
                logger.opt(exception=error).error("{!r} could not be handled", self.subject)
            finally:
                self._queue.task_done()

    async def _handle(self, message: Message) -> None:
        if not self.is_traced:
            await self._answer(message, self.handler.bind(message))
            return
        started, outcome = perf_counter(), "ok"
        failure: Exception | None = None
        with handling(message, self.subject) as span:
            try:
                await self._answer(message, self.handler.bind(message))
            except asyncio.CancelledError:
                outcome = "cancelled"
                if self._too_late:
                    await self._answer_with_error(message, _Stopping())
                raise
            except WebSocketDisconnect:
                outcome = "left"  # whoever the message was for has gone
            except Exception as error:
                failure = error
                outcome = "invalid" if isinstance(error, InvalidPayload) else "failed"
                fail(span, error)
                self._log(message, error)
                await self._answer_with_error(message, error)
            finally:
                took = perf_counter() - started
                self._client.instruments.handled.labels(self.subject, outcome).observe(took)
                if self.observe is not None:
                    self.observe(took, failure)

    @property
    def _answers(self) -> bool:
        return self.always_answers or self.handler.answers

    async def _answer(self, message: Message, call: Callable[[], Any]) -> None:
        value = await call()
        if not message.reply or not self._answers:
            return
        if value is None and not (self.always_answers or self.handler.says_what_it_returns):
            return
        await self._client.publish(message.reply, b"null" if value is None else encode(value))

    async def _answer_with_error(self, message: Message, error: Exception) -> None:
        if message.reply and self._answers:
            await self._client.publish(message.reply, headers=error_headers(error))

    def _log(self, message: Message, error: Exception) -> None:
        if isinstance(error, InvalidPayload):
            logger.warning("A message to {!r} does not fit: {}", message.subject, error)
            return
        logger.opt(exception=error).error(
            "{} failed on a message to {!r}: {}",
            self.handler.name,
            message.subject,
            type(error).__name__,
        )
