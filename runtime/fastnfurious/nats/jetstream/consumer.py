"""A durable consumer: the messages of a stream, and the handler that takes them.

*Source:* https://docs.nats.io/nats-concepts/jetstream/consumers
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from loguru import logger

from fastnfurious.core.errors import (
    FastNFuriousError,
    OperationTimeout,
    ResourceUnavailable,
    StartupError,
)
from fastnfurious.nats.backoff import Backoff
from fastnfurious.nats.handlers import Handler
from fastnfurious.nats.instruments import NatsInstruments
from fastnfurious.nats.jetstream.api import CONSUMER_NOT_FOUND, JetStreamApi
from fastnfurious.nats.jetstream.attempts import Attempts
from fastnfurious.nats.jetstream.consumer_options import ConsumerOptions
from fastnfurious.nats.jetstream.contract import JetStreamError, StreamNotFound
from fastnfurious.nats.jetstream.dead_letters import DeadLetters
from fastnfurious.nats.jetstream.publisher import Publisher
from fastnfurious.nats.jetstream.pull import Pull
from fastnfurious.nats.jetstream.streams import Streams

__all__ = ["Consumer"]

_FIXED = ("filter_subject", "deliver_policy", "ack_policy")


class Consumer:
    """Give a handler the messages of a stream; call it to call the handler itself.

    A message is done when the handler returns. One whose handler raises comes again after a pause,
    and after the last attempt it is given up: it goes to the dead letters, if there are any. A
    handler may take its time: the server is told that it is at work.

    Args:
        api: Asks JetStream.
        streams: Finds streams, and creates those that are declared.
        instruments: What is measured.
        handler: What takes the messages.
        options: Which messages, and what happens to those that fail.

    Attributes:
        stream: The stream; empty until it is known.
        problem: Why it takes no messages just now; ``None`` when it does.
        starts_by_itself: Whether it takes messages as soon as its client is open.
    """

    def __init__(
        self,
        api: JetStreamApi,
        streams: Streams,
        instruments: NatsInstruments,
        handler: Handler,
        options: ConsumerOptions,
    ) -> None:
        self.handler = handler
        self.options = options
        self.stream = options.stream or ""
        self.problem: str | None = None
        self.starts_by_itself = True
        self._api = api
        self._streams = streams
        self._dead_letters = DeadLetters(Publisher(api, instruments), instruments, options)
        self._attempts = Attempts(api, instruments, handler, options, self._dead_letters)
        self._pull: Pull | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._reporter: asyncio.Task[None] | None = None
        self._workers: list[asyncio.Task[None]] = []

    async def __call__(self, *args: Any, **options: Any) -> Any:
        """Call the handler, as if it had not been decorated."""
        return await self.handler.function(*args, **options)

    @property
    def started(self) -> bool:
        """Return whether it takes messages, or is about to."""
        return self._supervisor is not None

    async def start(self) -> None:
        """Take messages; while the server is away, from its return on.

        Raises:
            StartupError: The stream is missing, or the server has another consumer of that name.
        """
        if self._supervisor is not None:
            return
        try:
            await self._open()
        except (ResourceUnavailable, OperationTimeout) as error:
            self._note(error)
        self._supervisor = asyncio.create_task(self._supervise())
        self._reporter = asyncio.create_task(self._report())

    async def stop(self) -> None:
        """Take no more messages, and finish those in hand, within ``NATS_DRAIN_TIMEOUT``."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is None:
            return
        supervisor.cancel()
        await asyncio.wait({supervisor})
        pull, self._pull = self._pull, None
        if pull is not None:
            await self._close(pull)
        if self._reporter is not None:
            self._reporter.cancel()

    def abandon(self) -> None:
        """Stop at once, without finishing anything, where the event loop has ended."""
        self._supervisor, self._reporter = None, None
        self._workers, self._pull = [], None
        self._attempts.in_hand.clear()

    async def _supervise(self) -> None:
        """Begin again whenever messages stop coming, for ever."""
        backoff = Backoff(longest=max(self._api.settings.longest_wait, 1.0))
        while True:
            if self._pull is not None:
                backoff.reset()
                self._note(await asyncio.shield(self._pull.failed))
                pull, self._pull = self._pull, None
                await self._close(pull)
            await asyncio.sleep(backoff.next())
            try:
                await self._streams.ensure_all()
                await self._open()
            except FastNFuriousError as error:
                self._note(error)

    async def _report(self) -> None:
        """Say again and again that we are at work, so that messages in hand stay ours."""
        while True:
            await asyncio.sleep(self.options.ack_wait / 3)
            with suppress(FastNFuriousError):
                await self._attempts.report()

    async def _open(self) -> None:
        if not self.options.stream:
            self.stream = await self._find_stream()
        await self._dead_letters.check(self._streams)
        await self._ensure()
        pull = Pull(self._api, self.stream, self.options.durable, places=self.options.concurrency)
        try:
            await pull.open()
        except BaseException:
            await pull.stop()
            raise
        workers = range(self.options.concurrency)
        self._workers = [asyncio.create_task(self._work(pull)) for _ in workers]
        self._pull, self.problem = pull, None

    async def _close(self, pull: Pull) -> None:
        """Finish what has come, within the time for it, and hand back what is left."""
        await pull.stop()
        finishing = asyncio.create_task(pull.wait_released())
        await asyncio.wait({finishing}, timeout=self._api.settings.drain_timeout)
        if not finishing.done():
            finishing.cancel()
            logger.error(
                "Handlers of {!r} were still busy after {:g} s and are cancelled; their messages "
                "are handed back",
                self.options.durable,
                self._api.settings.drain_timeout,
            )
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.cancel()
        if workers:
            await asyncio.wait(workers)
        while (message := pull.take_nowait()) is not None:
            await self._attempts.hand_back(message.reply)

    async def _work(self, pull: Pull) -> None:
        while True:
            message = await pull.take()
            try:
                await self._attempts.handle(message)
            except Exception as error:
                logger.opt(exception=error).error("{!r} could not be handled", self.options.subject)
            finally:
                pull.release()

    async def _find_stream(self) -> str:
        try:
            return await self._streams.find(self.options.subject)
        except StreamNotFound as error:
            raise StartupError(f"Consumer {self.options.durable!r}: {error}") from error

    async def _ensure(self) -> None:
        """Create the consumer on the server, or bring it up to date."""
        wanted = self.options.configuration()
        there = await self._configuration()
        if there is None:
            await self._create(wanted)
            logger.info("The consumer {!r} of {!r} was created", self.options.durable, self.stream)
            return
        self._compare(there, wanted)
        if any(there.get(name) != value for name, value in wanted.items()):
            await self._create({**there, **wanted})

    async def _configuration(self) -> Mapping[str, Any] | None:
        try:
            answer = await self._api.ask(f"CONSUMER.INFO.{self.stream}.{self.options.durable}")
        except StreamNotFound as error:
            raise StartupError(
                f"Consumer {self.options.durable!r}: there is no stream {self.stream!r}: declare "
                f"it with app.nats.jetstream.stream({self.stream!r}, subjects=…) or in NATS_STREAMS"
            ) from error
        except JetStreamError as error:
            if error.number == CONSUMER_NOT_FOUND:
                return None
            raise
        configuration: Mapping[str, Any] = answer["config"]
        return configuration

    def _compare(self, there: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        differing = [name for name in _FIXED if there.get(name) != wanted[name]]
        if not differing:
            return
        words = [f"{each} is {there.get(each)!r}, not {wanted[each]!r}" for each in differing]
        raise StartupError(
            f"The consumer {self.options.durable!r} of {self.stream!r} is another one: "
            f"{'; '.join(words)}. Choose another durable name, or delete that consumer"
        )

    async def _create(self, configuration: Mapping[str, Any]) -> None:
        verb = f"CONSUMER.CREATE.{self.stream}.{self.options.durable}.{self.options.subject}"
        try:
            await self._api.ask(verb, {"stream_name": self.stream, "config": configuration})
        except JetStreamError as error:
            raise StartupError(
                f"The consumer {self.options.durable!r} cannot be created: {error}"
            ) from error

    def _note(self, problem: object) -> None:
        """Take note of why no messages come, and say it once."""
        words = str(problem)
        if words != self.problem:
            logger.warning("Consumer {!r} gets no messages: {}", self.options.durable, words)
        self.problem = words
