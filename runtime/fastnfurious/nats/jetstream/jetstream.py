"""JetStream: publish what is kept, handle what was kept, and keep values and objects."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from loguru import logger
from pydantic import ValidationError

from fastnfurious.core.errors import (
    ConfigurationError,
    OperationTimeout,
    ResourceUnavailable,
    StartupError,
)
from fastnfurious.nats.backoff import Backoff
from fastnfurious.nats.handlers import Handler, HandlerFunction
from fastnfurious.nats.instruments import NatsInstruments
from fastnfurious.nats.jetstream.api import JetStreamApi
from fastnfurious.nats.jetstream.bucket import Bucket
from fastnfurious.nats.jetstream.consumer import Consumer
from fastnfurious.nats.jetstream.consumer_options import ConsumerOptions
from fastnfurious.nats.jetstream.contract import Published
from fastnfurious.nats.jetstream.key_value import KeyValue
from fastnfurious.nats.jetstream.object_store import ObjectStore
from fastnfurious.nats.jetstream.publisher import EXPECTED_STREAM_HEADER, ID_HEADER, Publisher
from fastnfurious.nats.jetstream.stream import Stream
from fastnfurious.nats.jetstream.streams import Streams
from fastnfurious.nats.link import Link
from fastnfurious.nats.payloads import encode
from fastnfurious.nats.settings import NatsSettings

__all__ = ["JetStream"]

_is_name = re.compile(r"[A-Za-z0-9_-]+").fullmatch
_OBJECTS = {"allow_rollup_hdrs": True, "allow_direct": True, "discard": "new"}
_KEY_VALUE = {**_OBJECTS, "deny_delete": True, "max_msgs_per_subject": 1}
_MOST_HISTORY = 64


class JetStream:
    """Use the streams of a NATS server; ``app.nats.jetstream`` is one.

    Declared streams and buckets are created at start-up if they are missing, and compared if they
    are there.

    Args:
        settings: Time limits.
        find_link: Returns the link, opened by the first who asks.
        instruments: What is measured.
        declared: Streams that are declared in the settings.
        is_open: Whether consumers start as soon as they are registered.

    Attributes:
        consumers: Those that were registered.

    Example:
        >>> from fastnfurious import FastNFuriousAPI
        >>> app = FastNFuriousAPI(title="Billing")
        >>> app.nats.jetstream.stream("ORDERS", subjects=["orders.>"]).name
        'ORDERS'
        >>> @app.nats.jetstream.consume("orders.*", durable="billing")
        ... async def bill(order: dict) -> None:
        ...     print(order["id"])
        >>> asyncio.run(bill({"id": 7}))
        7
    """

    def __init__(
        self,
        settings: NatsSettings,
        find_link: Callable[[], Awaitable[Link]],
        instruments: NatsInstruments,
        *,
        declared: Iterable[Stream] = (),
        is_open: bool = False,
    ) -> None:
        self.consumers: list[Consumer] = []
        self._api = JetStreamApi(settings, find_link)
        self._instruments = instruments
        self._publisher = Publisher(self._api, instruments)
        self._streams = Streams(self._api, declared)
        self._buckets: dict[str, Bucket] = {}
        self._starting = set[asyncio.Task[None]]()
        self._ensured: asyncio.AbstractEventLoop | None = None
        self._ensuring: asyncio.Task[None] | None = None
        self._is_open = is_open

    async def publish(
        self,
        subject: str,
        payload: Any = b"",
        *,
        id: str | None = None,
        expected_stream: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Published:
        """Send a message, and return when a stream keeps it.

        When the connection is lost meanwhile it is sent again, and kept once.

        Args:
            subject: Where to send it.
            payload: A pydantic model, dataclass, dict and so on, sent as JSON; or text or bytes.
            id: What the message is called; another with this name within the stream's
                ``duplicate_window`` is confirmed, but not kept. A new name by default.
            expected_stream: The stream that has to keep it.
            headers: Headers; the trace and the request id are added.
            timeout: Seconds to wait; ``NATS_TIMEOUT`` by default.

        Raises:
            StreamNotFound: No stream keeps the subject.
            StreamFull: The stream takes no more.
            WrongStream: Another stream keeps the subject.
            OperationTimeout: No stream confirmed it in time; it may have been kept.
            ResourceUnavailable: The server is away for longer.
            FastNFuriousError: The subject or the payload cannot be sent.
        """
        said = dict(headers or {})
        if id is not None:
            said[ID_HEADER] = id
        if expected_stream is not None:
            said[EXPECTED_STREAM_HEADER] = expected_stream
        if self._ensured is not asyncio.get_running_loop():
            await self._ensure()
        return await self._publisher.publish(
            subject, encode(payload), headers=said, timeout=timeout
        )

    def consume(
        self,
        subject: str,
        *,
        durable: str,
        stream: str | None = None,
        concurrency: int = 1,
        ack_wait: float = 30.0,
        max_deliveries: int = 5,
        backoff: Sequence[float] = (1.0, 5.0, 30.0),
        dead_letter: str | None = None,
        deliver: str = "all",
        start: bool = True,
    ) -> Callable[[HandlerFunction], Consumer]:
        """Register a function for the messages of a stream, as a decorator.

        Each message reaches one of all processes that use the durable name. It is done when the
        function returns; when it raises, the message comes again after a pause.

        Args:
            subject: Subject, or pattern with ``*`` and ``>``.
            durable: Name that the server remembers by how far the messages are handled.
            stream: The stream; by default the one that keeps the subject.
            concurrency: How many messages are handled at the same time; 1 keeps them in order.
            ack_wait: Seconds after which the server gives the message of a process that has died to
                another. Handlers may take longer.
            max_deliveries: How often a message is tried before it is given up.
            backoff: Seconds to wait after the first failure, the second, and so on.
            dead_letter: Subject, kept by a stream, for messages that are given up: by `Reject`,
                because the payload does not fit, or after the last attempt.
            deliver: Where a consumer begins that is new: ``all``, ``new``, ``last`` or
                ``last_per_subject``.
            start: Take messages from the client's opening on; otherwise when
                ``await consumer.start()`` is called.

        Raises:
            ConfigurationError: The function is not async or asks for what there is not, or an
                argument cannot work.
        """
        options = ConsumerOptions(
            subject=subject,
            durable=durable,
            stream=stream,
            concurrency=concurrency,
            ack_wait=ack_wait,
            max_deliveries=max_deliveries,
            backoff=backoff,
            dead_letter=dead_letter,
            deliver=deliver,
        )

        def register(function: HandlerFunction) -> Consumer:
            consumer = Consumer(
                self._api, self._streams, self._instruments, Handler(function), options
            )
            consumer.starts_by_itself = start
            self.consumers.append(consumer)
            if self._is_open and start:
                self._start(consumer)
            return consumer

        return register

    def stream(self, name: str, *, subjects: Sequence[str], **options: Any) -> Stream:
        """Declare a stream.

        Args:
            name: Its name.
            subjects: Subjects, or patterns of subjects, that it keeps.
            **options: The other fields of `Stream`.

        Raises:
            ConfigurationError: A field is unknown or malformed, or it is declared in another way.
        """
        declared = _declared(name, subjects, options)
        self._streams.declare(declared)
        self._ensured = None
        return declared

    def key_value(
        self,
        name: str,
        *,
        history: int | None = None,
        ttl: float | None = None,
        storage: str | None = None,
        replicas: int | None = None,
    ) -> KeyValue:
        """Return a key-value store; its bucket is created if it is missing.

        What is said is compared with a bucket that exists; what is not said stays as it is.

        Args:
            name: Name of the bucket.
            history: How many revisions of each key are kept, at most 64; 1 in a new bucket.
            ttl: Seconds after which a value is forgotten; never in a new bucket.
            storage: ``file`` or ``memory``.
            replicas: How many servers of a cluster keep it.

        Raises:
            ConfigurationError: The name or a value cannot be.
        """
        if history is not None and not 1 <= history <= _MOST_HISTORY:
            raise ConfigurationError(
                f"history={history} is not accepted: from 1 to {_MOST_HISTORY} revisions of a key"
            )
        tuned = {"max_messages_per_subject": history, **_tuned(ttl, storage, replicas)}
        window = {"duplicate_window": round(min(ttl, 120) * 1e9)} if ttl else {}
        fixed = {**_KEY_VALUE, **window}
        return KeyValue(self._bucket(name, f"KV_{name}", [f"$KV.{name}.>"], tuned, fixed))

    def object_store(
        self,
        name: str,
        *,
        ttl: float | None = None,
        storage: str | None = None,
        replicas: int | None = None,
    ) -> ObjectStore:
        """Return an object store; its bucket is created if it is missing.

        Args:
            name: Name of the bucket.
            ttl: Seconds after which an object is forgotten; never in a new bucket.
            storage: ``file`` or ``memory``.
            replicas: How many servers of a cluster keep it.

        Raises:
            ConfigurationError: The name or a value cannot be.
        """
        subjects = [f"$O.{name}.C.>", f"$O.{name}.M.>"]
        tuned = _tuned(ttl, storage, replicas)
        return ObjectStore(self._bucket(name, f"OBJ_{name}", subjects, tuned, _OBJECTS))

    async def open(self) -> None:
        """Create or compare what was declared by now, and start the consumers.

        While the server is away, that happens with its return.

        Raises:
            StartupError: A stream is there but is another, or a consumer cannot be.
        """
        self._is_open = True
        try:
            await self._ensure()
        except (ResourceUnavailable, OperationTimeout) as error:
            logger.warning("Streams cannot be looked after yet: {}", error)
            self._ensuring = asyncio.create_task(self._ensure_later())
        for consumer in list(self.consumers):
            if consumer.starts_by_itself:
                await consumer.start()

    async def drain(self) -> None:
        """Take no more messages, and finish those in hand."""
        self._is_open = False
        if self._ensuring is not None:
            self._ensuring.cancel()
        await self.started()
        await asyncio.gather(*(each.stop() for each in self.consumers if each.started))

    def abandon(self) -> None:
        """Stop at once, where the event loop has ended."""
        self._is_open, self._ensuring = False, None
        self._starting.clear()
        for consumer in self.consumers:
            consumer.abandon()

    async def started(self) -> None:
        """Wait for consumers that are just being started, and raise what went wrong.

        Raises:
            StartupError: One of them cannot be.
        """
        while self._starting:
            await self._starting.pop()

    @property
    def problem(self) -> str | None:
        """Return why a consumer takes no messages just now; ``None`` when all do."""
        problems = (
            f"{each.options.durable}: {each.problem}"
            for each in self.consumers
            if each.started and each.problem
        )
        return next(problems, None)

    def _start(self, consumer: Consumer) -> None:
        async def start() -> None:
            await self._ensure()
            await consumer.start()

        task = asyncio.create_task(start())
        self._starting.add(task)
        task.add_done_callback(_log_failure)

    def _bucket(
        self,
        name: str,
        stream: str,
        subjects: list[str],
        tuned: Mapping[str, Any],
        fixed: Mapping[str, Any],
    ) -> Bucket:
        if not _is_name(name):
            raise ConfigurationError(
                f"{name!r} cannot be the name of a bucket: letters, digits, '-' and '_' only"
            )
        said = {field: value for field, value in tuned.items() if value is not None}
        known = self._buckets.get(stream)
        if known is not None and not said:
            return known
        declared = _declared(stream, subjects, said)
        if known is not None and known.declared != declared:
            raise ConfigurationError(f"The bucket {name!r} is declared twice, in different ways")
        bucket = known or Bucket(
            name,
            declared,
            fixed,
            api=self._api,
            streams=self._streams,
            publisher=self._publisher,
        )
        return self._buckets.setdefault(stream, bucket)

    async def _ensure(self) -> None:
        await self._streams.ensure_all()
        for bucket in list(self._buckets.values()):
            await bucket.open()
        self._ensured = asyncio.get_running_loop()

    async def _ensure_later(self) -> None:
        """Do at the return of the server what could not be done without it."""
        backoff = Backoff(longest=max(self._api.settings.longest_wait, 1.0))
        while True:
            await asyncio.sleep(backoff.next())
            try:
                await self._ensure()
                return
            except (ResourceUnavailable, OperationTimeout):
                continue
            except StartupError as error:
                logger.error("{}", error)
                return


def _tuned(ttl: float | None, storage: str | None, replicas: int | None) -> dict[str, Any]:
    return {"max_age": ttl, "storage": storage, "replicas": replicas}


def _declared(name: str, subjects: Sequence[str], fields: Mapping[str, Any]) -> Stream:
    """Return a declaration.

    Raises:
        ConfigurationError: A field is unknown or malformed.
    """
    try:
        return Stream(name=name, subjects=list(subjects), **fields)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        words = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in faults)
        raise ConfigurationError(f"The stream {name!r} cannot be declared so: {words}") from None


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        logger.error("A consumer could not be started: {}", task.exception())
