"""The streams that an application needs: created when missing, compared when there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from loguru import logger

from fastnfurious.core.errors import ConfigurationError, StartupError
from fastnfurious.nats.jetstream.api import NAME_IN_USE, JetStreamApi
from fastnfurious.nats.jetstream.contract import JetStreamError, StreamDiffers, StreamNotFound
from fastnfurious.nats.jetstream.stream import Stream

__all__ = ["Streams"]


class Streams:
    """Declare streams, and see to it that they are there.

    Args:
        api: Asks JetStream.
        declared: Streams that are declared already.
    """

    def __init__(self, api: JetStreamApi, declared: Iterable[Stream] = ()) -> None:
        self._api = api
        self._declared: dict[str, Stream] = {each.name: each for each in declared}

    def __len__(self) -> int:
        """Return how many are declared."""
        return len(self._declared)

    def declare(self, stream: Stream) -> None:
        """Add a stream to those that are needed.

        Raises:
            ConfigurationError: It is declared already, in another way.
        """
        known = self._declared.setdefault(stream.name, stream)
        if known != stream:
            raise ConfigurationError(
                f"The stream {stream.name!r} is declared twice, in different ways: "
                "keep one of NATS_STREAMS and the declaration in code"
            )

    async def ensure_all(self) -> None:
        """Create the declared streams that are missing, and compare the others.

        Raises:
            StreamDiffers: One is there, but is another.
            StartupError: The server refuses to create one.
            ResourceUnavailable: The server is away.
        """
        for stream in list(self._declared.values()):
            await self.ensure(stream.name, stream.configuration(), stream)

    async def ensure(self, name: str, wanted: dict[str, Any], declared: Stream) -> None:
        """Create a stream if it is missing, and compare it if it is there.

        Args:
            name: Its name.
            wanted: What the server is told when it is created.
            declared: What it is compared with.

        Raises:
            FastNFuriousError: Those of `ensure_all`.
        """
        try:
            there = await self.configuration(name)
        except StreamNotFound:
            if await self._create(name, wanted):
                return
            there = await self.configuration(name)
        differences = declared.differences(there)
        if not differences:
            return
        if not declared.update:
            raise StreamDiffers(
                f"The stream {name!r} is not as it is declared: {'; '.join(differences)}. "
                "Declare what is there, change the stream, or have it changed with update=True"
            )
        await self._change(name, _merged(there, wanted), differences)

    async def configuration(self, name: str) -> dict[str, Any]:
        """Return what the server says about a stream.

        Raises:
            StreamNotFound: There is none of that name.
            ResourceUnavailable: The server is away.
        """
        answer = await self._api.ask(f"STREAM.INFO.{name}")
        configuration: dict[str, Any] = answer["config"]
        return configuration

    async def find(self, subject: str) -> str:
        """Return the name of the stream that keeps a subject.

        Raises:
            StreamNotFound: None does, or several do.
            ResourceUnavailable: The server is away.
        """
        answer = await self._api.ask("STREAM.NAMES", {"subject": subject})
        names: list[str] = answer.get("streams") or []
        if len(names) == 1:
            return names[0]
        if names:
            raise StreamNotFound(f"Several streams keep {subject!r}: name one of {names}")
        raise StreamNotFound(
            f"No stream keeps {subject!r}: declare one with "
            f"app.nats.jetstream.stream('NAME', subjects=[{subject!r}]) or in NATS_STREAMS"
        )

    async def _create(self, name: str, wanted: dict[str, Any]) -> bool:
        """Return whether the stream is there as wanted; another instance may be faster."""
        try:
            await self._api.ask(f"STREAM.CREATE.{name}", {"storage": "file", **wanted})
        except JetStreamError as error:
            if error.number == NAME_IN_USE:
                return False
            raise StartupError(f"The stream {name!r} cannot be created: {error}") from error
        logger.info("The stream {!r} was created", name)
        return True

    async def _change(self, name: str, wanted: dict[str, Any], differences: list[str]) -> None:
        try:
            await self._api.ask(f"STREAM.UPDATE.{name}", wanted)
        except JetStreamError as error:
            raise StartupError(f"The stream {name!r} cannot be changed: {error}") from error
        logger.warning("The stream {!r} was changed: {}", name, "; ".join(differences))


def _merged(there: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what is there with what is wanted in its place, as the server accepts it."""
    merged = {**there, **wanted}
    if merged.get("max_age") and "duplicate_window" not in wanted:
        merged["duplicate_window"] = min(merged["duplicate_window"], merged["max_age"])
    return merged
