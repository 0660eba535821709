"""Sending: publish, and ask other services, with typed payloads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from time import perf_counter
from typing import Any, TypeVar, overload

from opentelemetry.trace import SpanKind

from fastnfurious.core.errors import OperationTimeout
from fastnfurious.nats.answers import is_error, reply_of, value_of
from fastnfurious.nats.contract import Message, NoResponders
from fastnfurious.nats.instruments import NatsInstruments
from fastnfurious.nats.link import Link
from fastnfurious.nats.outbox import Publication
from fastnfurious.nats.payloads import decoder_for, encode
from fastnfurious.nats.propagation import client_span, outgoing_headers
from fastnfurious.nats.reply import Reply
from fastnfurious.nats.settings import NatsSettings

__all__ = ["Sender"]

Answer = TypeVar("Answer")


class Sender(ABC):
    """Send messages and requests; the half of a client that does not listen.

    Args:
        settings: Time limits.
        instruments: What is measured.
    """

    def __init__(self, settings: NatsSettings, instruments: NatsInstruments) -> None:
        self.settings = settings
        self.instruments = instruments

    @abstractmethod
    async def link(self) -> Link:
        """Return the link underneath, opened by the first who asks."""

    async def publish(
        self,
        subject: str,
        payload: Any = b"",
        *,
        headers: Mapping[str, str] | None = None,
        reply: str = "",
    ) -> None:
        """Send a message to all who listen; nobody confirms it.

        Args:
            subject: Where to send it.
            payload: A pydantic model, dataclass, dict and so on, sent as JSON; or text or bytes.
            headers: Headers; the trace and the request id are added.
            reply: Where the answer is to be sent, for those who wait for it themselves.

        Raises:
            FastNFuriousError: Those of `Messenger.publish`.
        """
        data = encode(payload)
        link = await self.link()
        with client_span("publish", subject, SpanKind.PRODUCER):
            await link.publish(Publication(subject, data, reply, outgoing_headers(headers)))
        self.instruments.published.inc()

    async def request_message(
        self,
        subject: str,
        payload: Any = None,
        *,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Message:
        """Ask, and return the answer as it was received.

        Args:
            subject: Whom to ask.
            payload: What to send, as in `publish`, and so are the headers.
            timeout: Seconds to wait; ``NATS_TIMEOUT`` by default.
            headers: Headers.

        Raises:
            NoResponders: Nobody listens.
            OperationTimeout: No answer came in time.
            ResourceUnavailable: The server is away, or the connection was lost meanwhile.
            FastNFuriousError: The subject or the payload cannot be sent, as in `publish`.
        """
        data = encode(payload)
        link = await self.link()
        limit = self.settings.timeout if timeout is None else timeout
        started, outcome = perf_counter(), "error"
        try:
            with client_span("request", subject, SpanKind.CLIENT):
                answer = await link.request(subject, data, limit, outgoing_headers(headers))
            outcome = "refused" if is_error(answer) else "ok"
            return answer
        except NoResponders:
            outcome = "no_responders"
            raise
        except OperationTimeout:
            outcome = "timeout"
            raise
        finally:
            self.instruments.requests.labels(outcome).observe(perf_counter() - started)

    async def request_json(
        self,
        subject: str,
        payload: Any = None,
        *,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Ask, and return the answer, be it a value or an error of the service.

        Raises:
            FastNFuriousError: Those of `request_message`, and InvalidPayload: it is not JSON.
        """
        answer = await self.request_message(subject, payload, timeout=timeout, headers=headers)
        return reply_of(answer)

    @overload
    async def request(
        self,
        subject: str,
        payload: Any = None,
        *,
        response: type[Answer],
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer: ...

    @overload
    async def request(
        self,
        subject: str,
        payload: Any = None,
        *,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any: ...

    async def request(
        self,
        subject: str,
        payload: Any = None,
        *,
        response: Any = Any,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Ask, and return the answer in the type that is expected.

        Arguments and errors are those of `request_message`, and these.

        Args:
            response: Type of the answer: a pydantic model, a dataclass, ``list[int]``, ``bytes``…

        Raises:
            RemoteError: The service answered with an error.
            InvalidPayload: The answer is not of that type.
        """
        decode = decoder_for(response)
        answer = await self.request_message(subject, payload, timeout=timeout, headers=headers)
        return value_of(answer, decode)
