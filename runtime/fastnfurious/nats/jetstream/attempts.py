"""Attempts: handling one delivery, and telling the server what became of it.

*Source:* https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-13.md
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from loguru import logger
from opentelemetry.trace import Span

from fastnfurious.core.errors import FastNFuriousError
from fastnfurious.nats.contract import InvalidPayload, Message
from fastnfurious.nats.handlers import Handler
from fastnfurious.nats.instruments import NatsInstruments
from fastnfurious.nats.jetstream.api import JetStreamApi
from fastnfurious.nats.jetstream.consumer_options import ConsumerOptions
from fastnfurious.nats.jetstream.contract import Reject, Retry
from fastnfurious.nats.jetstream.dead_letters import DeadLetters
from fastnfurious.nats.jetstream.delivery import Delivery
from fastnfurious.nats.outbox import Publication
from fastnfurious.nats.payloads import encode
from fastnfurious.nats.propagation import fail, handling

__all__ = ["Attempts"]

_DONE = b"+ACK"
_AT_WORK = b"+WPI"
_GIVEN_UP = b"+TERM"
_BURIAL_PAUSE = 5.0


class Attempts:
    """Handle the deliveries of a consumer.

    Args:
        api: Reaches the server.
        instruments: What is measured.
        handler: The user's function.
        options: Those of the consumer.
        dead_letters: Where messages go that are given up.

    Attributes:
        in_hand: The messages that are being handled: number in the stream, and where to say so.
    """

    def __init__(
        self,
        api: JetStreamApi,
        instruments: NatsInstruments,
        handler: Handler,
        options: ConsumerOptions,
        dead_letters: DeadLetters,
    ) -> None:
        self.in_hand: dict[int, str] = {}
        self._api = api
        self._instruments = instruments
        self._handler = handler
        self._options = options
        self._dead_letters = dead_letters

    async def handle(self, message: Message) -> None:
        """Call the handler for a message, and settle it."""
        delivery = Delivery.of(message)
        waiting = self._instruments.pending.labels(delivery.stream, delivery.consumer)
        waiting.set(delivery.pending)
        again = delivery.sequence in self.in_hand
        self.in_hand[delivery.sequence] = message.reply
        if again:
            return  # the server took us for dead; whoever has it in hand settles this delivery
        started, outcome = perf_counter(), "cancelled"
        try:
            with handling(message, self._options.subject) as span:
                outcome = await self._attempt(message, delivery, span)
        except asyncio.CancelledError:
            await self.hand_back(self.in_hand[delivery.sequence])
            raise
        finally:
            del self.in_hand[delivery.sequence]
            took = perf_counter() - started
            self._instruments.handled.labels(self._options.subject, outcome).observe(took)

    async def hand_back(self, reply: str, after: float = 0.0) -> None:
        """Tell the server to deliver a message again, here or elsewhere."""
        await self._tell(reply, b"-NAK " + encode({"delay": round(after * 1e9)}))

    async def report(self) -> None:
        """Tell the server that we are still at work on what we have in hand."""
        link = await self._api.link()
        if link.connected:
            for reply in list(self.in_hand.values()):
                await self._tell(reply, _AT_WORK)

    async def _attempt(self, message: Message, delivery: Delivery, span: Span) -> str:
        """Return what became of it."""
        if delivery.attempt > self._options.max_deliveries:
            lost = "it was delivered too often without being settled: did a process crash over it?"
            return await self._give_up(message, delivery, "exhausted", lost)
        try:
            call = self._handler.bind(message)
        except InvalidPayload as error:
            fail(span, error)
            logger.warning("A message to {!r} does not fit: {}", message.subject, error)
            return await self._give_up(message, delivery, "invalid", error)
        return await self._call(call, message, delivery, span)

    async def _call(
        self, call: Callable[[], Awaitable[Any]], message: Message, delivery: Delivery, span: Span
    ) -> str:
        try:
            await call()
        except Reject as error:
            fail(span, error)
            return await self._give_up(message, delivery, "rejected", error)
        except Exception as error:
            fail(span, error)
            self._log(message, delivery, error)
            if delivery.attempt >= self._options.max_deliveries:
                return await self._give_up(message, delivery, "exhausted", error)
            asked = error.after if isinstance(error, Retry) else None
            pause = self._options.pause(delivery.attempt) if asked is None else asked
            await self.hand_back(self.in_hand[delivery.sequence], pause)
            return "retried"
        await self._tell(self.in_hand[delivery.sequence], _DONE)
        return "ok"

    async def _give_up(
        self, message: Message, delivery: Delivery, reason: str, error: object
    ) -> str:
        """Bury a message, and tell the server to forget it: in this order, so that none is lost."""
        try:
            await self._dead_letters.bury(message, delivery, reason, error)
        except FastNFuriousError as failure:
            logger.error(
                "A dead letter could not be published, and will be tried again: {}", failure
            )
            await self.hand_back(self.in_hand[delivery.sequence], _BURIAL_PAUSE)
            return "retried"
        await self._tell(self.in_hand[delivery.sequence], _GIVEN_UP)
        return reason

    async def _tell(self, reply: str, verdict: bytes) -> None:
        """Send a verdict; while the server is away it waits with the publications."""
        try:
            link = await self._api.link()
            await link.publish(Publication(reply, verdict))
        except FastNFuriousError as error:
            logger.warning("A message could not be settled and will be delivered again: {}", error)

    def _log(self, message: Message, delivery: Delivery, error: Exception) -> None:
        if isinstance(error, Retry):
            logger.info(
                "{} puts off a message to {!r}: {}", self._handler.name, message.subject, error
            )
            return
        logger.opt(exception=error).error(
            "{} failed on a message to {!r}, at attempt {} of {}: {}",
            self._handler.name,
            message.subject,
            delivery.attempt,
            self._options.max_deliveries,
            type(error).__name__,
        )
