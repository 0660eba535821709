"""Dead letters: messages that were given up, with the reason."""

from __future__ import annotations

from typing import Any

from loguru import logger

from fastnfurious.core.errors import FastNFuriousError, StartupError
from fastnfurious.nats.contract import InvalidPayload, Message
from fastnfurious.nats.instruments import NatsInstruments
from fastnfurious.nats.jetstream.consumer_options import ConsumerOptions
from fastnfurious.nats.jetstream.contract import StreamNotFound
from fastnfurious.nats.jetstream.delivery import Delivery
from fastnfurious.nats.jetstream.publisher import ID_HEADER, Publisher
from fastnfurious.nats.jetstream.streams import Streams

__all__ = ["DeadLetters"]

_LONGEST = 500


class DeadLetters:
    """Keep the messages of a consumer that were given up, where somebody can look at them.

    Args:
        publisher: Publishes them.
        instruments: What is measured.
        options: Those of the consumer.
    """

    def __init__(
        self, publisher: Publisher, instruments: NatsInstruments, options: ConsumerOptions
    ) -> None:
        self._publisher = publisher
        self._instruments = instruments
        self._options = options

    async def check(self, streams: Streams) -> None:
        """See to it that a stream keeps them.

        Raises:
            StartupError: None does: they would be lost.
        """
        if self._options.dead_letter is None:
            return
        try:
            await streams.find(self._options.dead_letter)
        except StreamNotFound as error:
            raise StartupError(f"Dead letters of {self._options.durable!r}: {error}") from error

    async def bury(self, message: Message, delivery: Delivery, reason: str, error: object) -> None:
        """Put a message among them; without a subject for them it is only logged.

        Args:
            message: The message.
            delivery: Its last delivery.
            reason: ``rejected``, ``invalid`` or ``exhausted``.
            error: What was wrong with it.

        Raises:
            FastNFuriousError: It could not be published, and has to be tried again.
        """
        subject = self._options.dead_letter
        if subject is not None:
            headers = {**_kept(message), **_reasons(message, delivery, reason, error)}
            await self._publisher.publish(subject, message.data, headers=headers)
        self._instruments.buried.labels(delivery.stream, delivery.consumer, reason).inc()
        logger.error(
            "Message {} of {!r} to {!r} is given up after {} deliveries ({}); {}",
            delivery.sequence,
            delivery.stream,
            message.subject,
            delivery.attempt,
            reason,
            f"it is kept in {subject!r}" if subject else "no dead_letter subject was named for it",
        )


def _kept(message: Message) -> dict[str, str]:
    """Return the headers of a message but those that tell a stream what to do."""
    return {name: value for name, value in message.headers.items() if not name.startswith("Nats-")}


def _reasons(message: Message, delivery: Delivery, reason: str, error: object) -> dict[str, Any]:
    return {
        # Whoever buries it a second time, after a crash, buries it once.
        ID_HEADER: f"{delivery.stream}:{delivery.consumer}:{delivery.sequence}",
        "Dead-Letter-Reason": reason,
        "Dead-Letter-Error": _words(error),
        "Dead-Letter-Stream": delivery.stream,
        "Dead-Letter-Subject": message.subject,
        "Dead-Letter-Sequence": str(delivery.sequence),
        "Dead-Letter-Consumer": delivery.consumer,
        "Dead-Letter-Deliveries": str(delivery.attempt),
    }


def _words(error: object) -> str:
    """Return an error in a line; the text of one that is not ours may hold what is secret."""
    ours = isinstance(error, FastNFuriousError | InvalidPayload | str)
    text = f"{type(error).__name__}: {error}" if ours else type(error).__name__
    if isinstance(error, str):
        text = error
    return " ".join(text.split()).encode("ascii", "replace").decode()[:_LONGEST]
