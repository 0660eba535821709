"""Publishing to a stream, which confirms what it keeps.

*Source:* https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-22.md
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from opentelemetry.trace import SpanKind

from fastnfurious.core.errors import OperationTimeout, ResourceUnavailable
from fastnfurious.core.identifiers import new_identifier
from fastnfurious.nats.contract import Message, NoResponders
from fastnfurious.nats.instruments import NatsInstruments
from fastnfurious.nats.jetstream.api import JetStreamApi, checked
from fastnfurious.nats.jetstream.contract import Published, StreamNotFound
from fastnfurious.nats.propagation import client_span, outgoing_headers

__all__ = ["EXPECTED_STREAM_HEADER", "ID_HEADER", "Publisher"]

ID_HEADER = "Nats-Msg-Id"
"""The header that tells a stream which message this is, so that it is kept once."""

EXPECTED_STREAM_HEADER = "Nats-Expected-Stream"
"""The header that says which stream has to keep a message."""

_PATIENCE = 2
_PAUSE = 0.25


class Publisher:
    """Publish, and wait until the message is kept.

    Each message has an identifier, so that it can be sent again when the connection is lost before
    the answer comes, without being kept twice.

    Args:
        api: Asks JetStream.
        instruments: What is measured.
    """

    def __init__(self, api: JetStreamApi, instruments: NatsInstruments) -> None:
        self._api = api
        self._instruments = instruments

    async def publish(
        self,
        subject: str,
        data: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Published:
        """Send a message until a stream confirms it.

        Args:
            subject: Where to send it.
            data: The payload.
            headers: Headers; an identifier, the trace and the request id are added.
            timeout: Seconds to wait; ``NATS_TIMEOUT`` by default.

        Raises:
            StreamNotFound: No stream keeps the subject.
            FastNFuriousError: What the stream says, as in `JetStreamApi.ask`.
        """
        limit = self._api.settings.timeout if timeout is None else timeout
        given = {ID_HEADER: new_identifier(), **(headers or {})}
        with client_span("publish", subject, SpanKind.PRODUCER):
            answer = await self._send(subject, data, limit, outgoing_headers(given) or given)
        body = checked(answer, subject)
        self._instruments.published.inc()
        return Published(body["stream"], body["seq"], bool(body.get("duplicate")))

    async def _send(
        self, subject: str, data: bytes, limit: float, headers: dict[str, str]
    ) -> Message:
        """Ask again while nobody answers; one who was lost on the way back is no second message."""
        clock = asyncio.get_running_loop().time
        end, patience = clock() + limit, _PATIENCE
        while True:
            try:
                link = await self._api.link()
                return await link.request(subject, data, max(end - clock(), 0.001), headers)
            except NoResponders as error:
                # A server that has just started answers a moment before its streams do.
                patience -= 1
                if patience < 0 or clock() + _PAUSE >= end:
                    raise StreamNotFound(_nobody(subject)) from error
                await asyncio.sleep(_PAUSE)
            except OperationTimeout:
                raise OperationTimeout(
                    f"No stream confirmed the message to {subject!r} within {limit:g} s"
                ) from None
            except ResourceUnavailable:
                if clock() + _PAUSE >= end:
                    raise
                await asyncio.sleep(_PAUSE / 5)


def _nobody(subject: str) -> str:
    return (
        f"No stream keeps {subject!r}: declare one with app.nats.jetstream.stream('NAME', "
        f"subjects=[{subject!r}]) or in NATS_STREAMS; nats-server has to run with -js"
    )
