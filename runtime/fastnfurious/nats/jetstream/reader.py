"""Reading a stream from a place on, in order and without gaps, as buckets do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from typing import Any

from fastnfurious.core.errors import FastNFuriousError, OperationTimeout, ResourceUnavailable
from fastnfurious.core.identifiers import new_identifier
from fastnfurious.nats.backoff import Backoff
from fastnfurious.nats.contract import Message
from fastnfurious.nats.jetstream.api import JetStreamApi
from fastnfurious.nats.jetstream.delivery import Delivery
from fastnfurious.nats.jetstream.pull import Pull

__all__ = ["Reader"]

_PLACES = 256
_FORGOTTEN = 60.0


class Reader:
    """Read what a stream has of a subject, through a consumer that lives as long as the reading.

    When the connection is lost, or a delivery is, it goes on behind the last message that came.

    Args:
        api: Asks JetStream.
        stream: The stream.
        subject: Subject, or pattern of subjects.
        policy: Where to begin: ``all``, ``new`` or ``last_per_subject``.
        headers_only: Whether the payloads are left out.
    """

    def __init__(
        self,
        api: JetStreamApi,
        stream: str,
        subject: str,
        *,
        policy: str = "all",
        headers_only: bool = False,
    ) -> None:
        self._api = api
        self._stream = stream
        self._subject = subject
        self._start: Mapping[str, Any] = {"deliver_policy": policy}
        self._headers_only = headers_only

    async def read(self) -> AsyncGenerator[Message, None]:
        """Return what there is by now.

        Raises:
            OperationTimeout: The messages did not come in time.
            ResourceUnavailable: The server is away.
        """
        limit = self._api.settings.timeout
        failures = 0
        while True:
            name, left = await self._create()
            pull = Pull(self._api, self._stream, name, places=_PLACES, resumes=False)
            try:
                await pull.open()
                while left:
                    message = await self._next(pull, limit)
                    if message is None:
                        break
                    yield message
                    left = Delivery.of(message).pending
                else:
                    return
            finally:
                await self._end(pull, name)
            failures += 1
            if failures > 3:
                raise ResourceUnavailable(f"Reading {self._subject!r} was interrupted too often")

    async def follow(self) -> AsyncGenerator[Message, None]:
        """Return what there is, and then all that comes, until the caller stops.

        While the server is away nothing comes; with its return it goes on without a gap.
        """
        backoff = Backoff(longest=self._api.settings.longest_wait)
        first = True
        while True:
            try:
                name, _ = await self._create()
            except FastNFuriousError:
                if first:
                    raise
                await asyncio.sleep(backoff.next())
                continue
            first = False
            backoff.reset()
            pull = Pull(self._api, self._stream, name, places=_PLACES, resumes=False)
            try:
                await pull.open()
                while (message := await self._next(pull, None)) is not None:
                    yield message
            finally:
                await self._end(pull, name)

    async def _next(self, pull: Pull, limit: float | None) -> Message | None:
        """Return the next message; ``None`` when the reading has to begin anew behind the last."""
        taking = asyncio.ensure_future(pull.take())
        try:
            either: set[asyncio.Future[Any]] = {taking, pull.failed}
            await asyncio.wait(either, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            if not taking.done():
                if pull.failed.done():
                    return None
                raise OperationTimeout(f"{self._subject!r} was not delivered within {limit:g} s")
            message = taking.result()
        finally:
            taking.cancel()
        pull.release()
        delivery = Delivery.of(message)
        self._expected, expected = delivery.consumer_sequence + 1, self._expected
        if delivery.consumer_sequence != expected:
            return None  # one before it was lost with a connection
        self._start = {
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": delivery.sequence + 1,
        }
        return message

    async def _create(self) -> tuple[str, int]:
        """Return the name of a new consumer, and how many messages it has."""
        name = new_identifier()
        configuration = {
            "name": name,
            "filter_subject": self._subject,
            "ack_policy": "none",
            "max_deliver": 1,
            "mem_storage": True,
            "num_replicas": 1,
            "inactive_threshold": round(_FORGOTTEN * 1e9),
            "headers_only": self._headers_only,
            "replay_policy": "instant",
            **self._start,
        }
        answer = await self._api.ask(
            f"CONSUMER.CREATE.{self._stream}.{name}.{self._subject}",
            {"stream_name": self._stream, "config": configuration, "action": "create"},
        )
        self._expected = 1
        return name, int(answer.get("num_pending", 0))

    async def _end(self, pull: Pull, name: str) -> None:
        with suppress(FastNFuriousError):
            await pull.stop()
            await self._api.ask(f"CONSUMER.DELETE.{self._stream}.{name}")
