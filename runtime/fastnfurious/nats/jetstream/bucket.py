"""A bucket: the stream below a key-value or object store, made when it is first needed."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastnfurious.nats.contract import Message
from fastnfurious.nats.jetstream.api import MESSAGE_NOT_FOUND, JetStreamApi
from fastnfurious.nats.jetstream.contract import JetStreamError, Published, StreamNotFound
from fastnfurious.nats.jetstream.delivery import Delivery
from fastnfurious.nats.jetstream.publisher import Publisher
from fastnfurious.nats.jetstream.stream import Stream
from fastnfurious.nats.jetstream.streams import Streams

__all__ = ["Bucket", "Stored"]


class Stored:
    """Hold a message as a stream keeps it, whichever way it was asked for.

    Attributes:
        subject: Its subject.
        data: The payload.
        headers: Its headers.
        sequence: Its number in the stream.
        time: When it was stored.
    """

    def __init__(
        self, subject: str, data: bytes, headers: Mapping[str, str], sequence: int, time: datetime
    ) -> None:
        self.subject = subject
        self.data = data
        self.headers = headers
        self.sequence = sequence
        self.time = time

    @classmethod
    def delivered(cls, message: Message) -> Stored:
        """Return a message that a consumer delivered."""
        delivery = Delivery.of(message)
        return cls(
            message.subject, message.data, message.headers, delivery.sequence, delivery.published
        )

    @classmethod
    def answered(cls, body: Mapping[str, Any]) -> Stored:
        """Return a message out of the answer to a question."""
        headers = _headers(base64.b64decode(body.get("hdrs") or ""))
        data = base64.b64decode(body.get("data") or "")
        return cls(body["subject"], data, headers, body["seq"], _time(body["time"]))


class Bucket:
    """Know a stream that holds a store.

    Args:
        name: Name of the bucket.
        stream: The stream as it is declared.
        fixed: What else the server has to be told, because every store has it.
        api: Asks JetStream.
        streams: Creates it.
        publisher: Writes to it.

    Attributes:
        declared: The stream as it is declared.
    """

    def __init__(
        self,
        name: str,
        stream: Stream,
        fixed: Mapping[str, Any],
        *,
        api: JetStreamApi,
        streams: Streams,
        publisher: Publisher,
    ) -> None:
        self.name = name
        self.stream = stream.name
        self.api = api
        self.declared = stream
        self._publisher = publisher
        self._fixed = fixed
        self._streams = streams
        self._known: asyncio.AbstractEventLoop | None = None

    async def open(self) -> None:
        """Create the stream if it is missing, once.

        Raises:
            StreamDiffers: It is there, but is another.
            ResourceUnavailable: The server is away.
        """
        loop = asyncio.get_running_loop()
        if self._known is loop:
            return
        wanted = {**self._fixed, **self.declared.configuration()}
        await self._streams.ensure(self.stream, wanted, self.declared)
        self._known = loop

    async def publish(
        self, subject: str, data: bytes, headers: Mapping[str, str] | None = None
    ) -> Published:
        """Write a message.

        Raises:
            FastNFuriousError: Those of `Publisher.publish`.
        """
        await self.open()
        try:
            return await self._publisher.publish(subject, data, headers=headers)
        except StreamNotFound:
            self._known = None  # somebody has deleted it, or it was in memory only
            raise

    async def find_last(self, subject: str) -> Stored | None:
        """Return the last message of a subject, as the stream's leader knows it."""
        return await self._find({"last_by_subj": subject})

    async def find_number(self, sequence: int) -> Stored | None:
        """Return the message of a number."""
        return await self._find({"seq": sequence})

    async def _find(self, query: Mapping[str, Any]) -> Stored | None:
        await self.open()
        try:
            answer = await self.api.ask(f"STREAM.MSG.GET.{self.stream}", query)
        except StreamNotFound:
            self._known = None
            raise
        except JetStreamError as error:
            if error.number == MESSAGE_NOT_FOUND:
                return None
            raise
        return Stored.answered(answer["message"])

    async def purge(self, subject: str) -> None:
        """Forget all messages of a subject."""
        await self.api.ask(f"STREAM.PURGE.{self.stream}", {"filter": subject})


def _headers(block: bytes) -> dict[str, str]:
    lines = block.decode(errors="replace").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if line)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _time(text: str) -> datetime:
    """Return a time of the server, whose nanoseconds are more than Python takes."""
    return datetime.fromisoformat(re.sub(r"(\.\d{1,6})\d*", r"\1", text))
