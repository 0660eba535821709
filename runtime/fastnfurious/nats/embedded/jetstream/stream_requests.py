"""Requests about streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnfurious.nats.embedded.jetstream.errors import ApiError, Fault
from fastnfurious.nats.embedded.jetstream.outlet import Outlet
from fastnfurious.nats.embedded.jetstream.page import page
from fastnfurious.nats.embedded.jetstream.shape import read_object
from fastnfurious.nats.embedded.jetstream.stream import Stream
from fastnfurious.nats.embedded.jetstream.stream_config import StreamConfig
from fastnfurious.nats.embedded.subjects import overlap

__all__ = ["StreamRequests", "find_stream"]

_MOST_NAMES = 1024
_MOST_INFOS = 256
_MOST_SUBJECTS = 100_000


def find_stream(streams: dict[str, Stream], name: str) -> Stream:
    """Return a stream.

    Raises:
        ApiError: There is none.
    """
    stream = streams.get(name)
    if stream is None:
        raise ApiError(Fault.STREAM_NOT_FOUND)
    return stream


class StreamRequests:
    """Create, change, show and remove streams.

    Args:
        streams: All streams by name.
        outlet: Reaches the clients.
        note_change: Called when streams come or go, or get other subjects.
    """

    def __init__(
        self, streams: dict[str, Stream], outlet: Outlet, note_change: Callable[[], None]
    ) -> None:
        self._streams = streams
        self._outlet = outlet
        self._note_change = note_change

    def create(self, arguments: list[str], data: bytes) -> dict[str, Any]:
        """Create a stream; one that is there already must be the same."""
        config = self._read(arguments[0], data)
        known = self._streams.get(config.name)
        if known is not None:
            if known.config != config:
                raise ApiError(Fault.STREAM_EXISTS)
            return {**known.info(), "did_create": True}
        self._check_subjects(config)
        stream = self._streams[config.name] = Stream(config, self._outlet)
        self._note_change()
        return {**stream.info(), "did_create": True}

    def update(self, arguments: list[str], data: bytes) -> dict[str, Any]:
        """Change a stream."""
        given = read_object(data)
        stream = find_stream(self._streams, arguments[0])
        config = self._complete(arguments[0], given)
        config = stream.config.updated(config)
        self._check_subjects(config)
        stream.update(config)
        self._note_change()
        return stream.info()

    def info(self, arguments: list[str], data: bytes) -> dict[str, Any]:
        """Show a stream."""
        try:
            return self._info(arguments[0], read_object(data))
        except ApiError as error:
            return {"error": error.as_json(), "total": 0, "offset": 0, "limit": 0}

    def names(self, arguments: list[str], data: bytes) -> dict[str, Any]:
        """List the names of the streams, or of those with a subject."""
        given = read_object(data)
        names = [each.config.name for each in self._select(given)]
        shown = page(names, given, _MOST_NAMES)
        return {**shown.limits, "streams": shown.items or None}

    def infos(self, arguments: list[str], data: bytes) -> dict[str, Any]:
        """Show all streams, or those with a subject."""
        given = read_object(data)
        shown = page(self._select(given), given, _MOST_INFOS)
        return {**shown.limits, "streams": [each.info() for each in shown.items]}

    def delete(self, arguments: list[str], data: bytes) -> dict[str, Any]:
        """Remove a stream with all it has."""
        stream = find_stream(self._streams, arguments[0])
        stream.stop("409 Consumer Deleted")
        del self._streams[arguments[0]]
        self._note_change()
        return {"success": True}

    def purge(self, arguments: list[str], data: bytes) -> dict[str, Any]:
        """Remove messages of a stream."""
        try:
            return {"success": True, "purged": self._purge(arguments[0], read_object(data))}
        except ApiError as error:
            return {"error": error.as_json(), "purged": 0}

    def _info(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        stream = find_stream(self._streams, name)
        limits = {"total": 0, "offset": 0, "limit": 0}
        info = stream.info()
        if given.get("deleted_details") and "num_deleted" in info["state"]:
            info["state"]["deleted"] = stream.store.deleted()
        wanted = given.get("subjects_filter")
        if wanted:
            counts = stream.store.counts([str(wanted)])
            shown = page(sorted(counts), given, _MOST_SUBJECTS)
            limits = shown.limits
            if counts:
                info["state"]["subjects"] = {each: counts[each] for each in shown.items}
        return {**limits, **info}

    def _purge(self, name: str, given: dict[str, Any]) -> int:
        stream = find_stream(self._streams, name)
        subject, before, keep = (given.get(each) for each in ("filter", "seq", "keep"))
        if before and keep:
            raise ApiError(Fault.BAD_REQUEST)
        if stream.config.sealed:
            raise ApiError(Fault.SEALED)
        if stream.config.deny_purge:
            raise ApiError(Fault.PURGE_FAILED, "stream purge not permitted")
        return stream.purge(subject=str(subject or ""), before=before or 0, keep=keep or 0)

    def _read(self, name: str, data: bytes) -> StreamConfig:
        return self._complete(name, read_object(data))

    def _complete(self, name: str, given: dict[str, Any]) -> StreamConfig:
        config = StreamConfig.read(given)
        if config.name != name:
            raise ApiError(Fault.STREAM_MISMATCH)
        return config.completed()

    def _check_subjects(self, config: StreamConfig) -> None:
        for other in self._streams.values():
            if other.config.name == config.name:
                continue
            if any(overlap(one, two) for one in config.subjects for two in other.config.subjects):
                raise ApiError(Fault.SUBJECTS_OVERLAP)

    def _select(self, given: dict[str, Any]) -> list[Stream]:
        subject = given.get("subject")
        found = sorted(self._streams.values(), key=lambda stream: stream.config.name)
        if not subject:
            return found
        return [
            each for each in found if any(overlap(one, subject) for one in each.config.subjects)
        ]
