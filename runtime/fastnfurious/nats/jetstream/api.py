"""Questions to JetStream, and the table of its errors → our errors.

They go over the link like any request, so that a connection that is lost ends them at once and the
next one serves those that follow.

*Source:* https://docs.nats.io/reference/reference-protocols/nats_api_reference
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastnfurious.core.errors import FastNFuriousError
from fastnfurious.nats.contract import Message, MessageTooLarge, NoResponders
from fastnfurious.nats.jetstream.contract import (
    JetStreamError,
    JetStreamUnavailable,
    RevisionConflict,
    StreamFull,
    StreamNotFound,
    WrongStream,
)
from fastnfurious.nats.link import Link
from fastnfurious.nats.payloads import decode_json, encode
from fastnfurious.nats.settings import NatsSettings

__all__ = ["CONSUMER_NOT_FOUND", "MESSAGE_NOT_FOUND", "NAME_IN_USE", "JetStreamApi", "checked"]

CONSUMER_NOT_FOUND = 10014
"""There is no such consumer."""

MESSAGE_NOT_FOUND = 10037
"""A stream has no such message."""

NAME_IN_USE = 10058
"""A stream of that name exists with another configuration."""

_PREFIX = "$JS.API"
_ERRORS: Mapping[int, tuple[type[FastNFuriousError], str]] = {
    10039: (JetStreamUnavailable, "The NATS account may not use JetStream"),
    10076: (JetStreamUnavailable, "The NATS server runs without JetStream: start it with -js"),
    10008: (JetStreamUnavailable, "JetStream is not ready yet"),
    10023: (StreamFull, "The NATS server has no room left for streams"),
    10028: (StreamFull, "The NATS server has no memory left for streams"),
    10047: (StreamFull, "The NATS server has no disk space left for streams"),
    10054: (MessageTooLarge, "The stream takes no messages of that size"),
    10059: (StreamNotFound, "There is no such stream"),
    10060: (WrongStream, "Another stream keeps the subject than the one expected"),
    10071: (RevisionConflict, "It has changed meanwhile"),
    10077: (StreamFull, "The stream is full"),
    10164: (RevisionConflict, "It has changed meanwhile"),
}  # fmt: skip


class JetStreamApi:
    """Ask JetStream.

    Args:
        settings: Time limits.
        find_link: Returns the link, opened by the first who asks.
    """

    def __init__(self, settings: NatsSettings, find_link: Callable[[], Awaitable[Link]]) -> None:
        self.settings = settings
        self.link = find_link

    async def ask(
        self, verb: str, body: Mapping[str, Any] | None = None, *, timeout: float | None = None
    ) -> dict[str, Any]:
        """Return what the server answers.

        Args:
            verb: What to ask, the subject behind ``$JS.API``.
            body: What to say with it.
            timeout: Seconds to wait; ``NATS_TIMEOUT`` by default.

        Raises:
            JetStreamError: The server refuses.
            JetStreamUnavailable: There is no JetStream, or it is not ready.
            OperationTimeout: No answer came in time.
            ResourceUnavailable: The server is away.
        """
        link = await self.link()
        limit = self.settings.timeout if timeout is None else timeout
        data = b"" if body is None else encode(body)
        try:
            answer = await link.request(f"{_PREFIX}.{verb}", data, limit)
        except NoResponders as error:
            raise JetStreamUnavailable(_without_jetstream()) from error
        return checked(answer, verb.partition(".")[2] or verb)

    async def send(self, verb: str, data: bytes, reply: str) -> None:
        """Ask for what comes to another subject than the answer; nothing is waited for."""
        from fastnfurious.nats.outbox import Publication

        link = await self.link()
        await link.publish(Publication(f"{_PREFIX}.{verb}", data, reply))


def checked(answer: Message, about: str) -> dict[str, Any]:
    """Return an answer of the server, or raise the error that it is.

    Args:
        answer: As it was received.
        about: What was asked, for the message of the error.

    Raises:
        FastNFuriousError: One of the table, JetStreamError if it is none of these.

    Example:
        >>> checked(Message("inbox", b'{"stream": "ORDERS", "seq": 1}'), "orders.new")
        {'stream': 'ORDERS', 'seq': 1}
    """
    body: dict[str, Any] = decode_json(answer.data) or {}
    error = body.get("error")
    if error is None:
        return body
    number, words = int(error.get("err_code", 0)), str(error.get("description", "no reason given"))
    kind, ours = _ERRORS.get(number, (JetStreamError, "JetStream refuses it"))
    message = f"{ours} ({about}: {words})"
    if issubclass(kind, JetStreamError):
        raise kind(message, number)
    raise kind(message)


def _without_jetstream() -> str:
    variable = NatsSettings.variable("url")
    return f"JetStream does not answer: the nats-server that {variable} names has to run with -js"
