"""Requests for single messages.

*Source:* https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-31.md
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from fastnfurious.nats.embedded.headers import add_headers
from fastnfurious.nats.embedded.jetstream.errors import ApiError, Fault
from fastnfurious.nats.embedded.jetstream.outlet import Outlet
from fastnfurious.nats.embedded.jetstream.shape import read_object
from fastnfurious.nats.embedded.jetstream.store import MessageStore, StoredMessage
from fastnfurious.nats.embedded.jetstream.stream import Stream
from fastnfurious.nats.embedded.jetstream.stream_requests import find_stream
from fastnfurious.nats.embedded.jetstream.timestamps import format_time
from fastnfurious.nats.embedded.protocol import Publish

__all__ = ["MessageRequests"]


class MessageRequests:
    """Show and remove single messages.

    Args:
        streams: All streams by name.
        outlet: Reaches the clients.
    """

    def __init__(self, streams: dict[str, Stream], outlet: Outlet) -> None:
        self._streams = streams
        self._outlet = outlet

    def get(self, arguments: list[str], data: bytes) -> dict[str, Any]:
        """Show a message."""
        given = read_object(data)
        stream = find_stream(self._streams, arguments[0])
        if not _is_sensible(given):
            raise ApiError(Fault.BAD_REQUEST)
        message = _find(stream.store, given)
        if message is None:
            raise ApiError(Fault.NO_MESSAGE)
        return {"message": _as_json(message)}

    def delete(self, arguments: list[str], data: bytes) -> dict[str, Any]:
        """Remove a message."""
        given = read_object(data)
        stream = find_stream(self._streams, arguments[0])
        if stream.config.sealed:
            raise ApiError(Fault.SEALED)
        if stream.config.deny_delete:
            raise ApiError(Fault.DELETE_FAILED, "message delete not permitted")
        sequence = int(given.get("seq") or 0)
        if not stream.remove(sequence):
            if stream.config.storage == "file" and sequence > stream.store.last:
                raise ApiError(Fault.DELETE_FAILED, "stream store EOF")
            raise ApiError(Fault.SEQUENCE_NOT_FOUND, sequence)
        return {"success": True}

    def get_direct(self, arguments: list[str], message: Publish) -> bool:
        """Send a message as it was published; return whether the stream allows it."""
        stream = self._streams.get(arguments[0]) if arguments else None
        if stream is None or not stream.config.allow_direct:
            return False
        try:
            given = read_object(message.data)
        except ApiError:
            given = {}
        if len(arguments) > 1:
            given = {"last_by_subj": ".".join(arguments[1:])}
        self._send(stream, given, message.reply)
        return True

    def _send(self, stream: Stream, given: dict[str, Any], reply: str) -> None:
        if not given:
            self._outlet.tell(reply, "408 Empty Request", {})
        elif not _is_sensible(given):
            self._outlet.tell(reply, "408 Bad Request", {})
        else:
            found = _find(stream.store, given)
            if found is None:
                self._outlet.tell(reply, "404 Message Not Found", {})
                return
            block = _with_origin(found, stream.config.name)
            self._outlet.deliver(reply, Publish(reply, "", block, found.data))


def _is_sensible(given: dict[str, Any]) -> bool:
    sequence, last, following = (
        given.get(each) for each in ("seq", "last_by_subj", "next_by_subj")
    )
    if last:
        return not sequence and not following
    return bool(sequence or following)


def _find(store: MessageStore, given: dict[str, Any]) -> StoredMessage | None:
    if given.get("last_by_subj"):
        return store.find(store.last_of(str(given["last_by_subj"])))
    sequence = int(given.get("seq") or 0)
    if given.get("next_by_subj"):
        return store.next(sequence, (str(given["next_by_subj"]),))
    return store.find(sequence)


def _as_json(message: StoredMessage) -> dict[str, Any]:
    shown: dict[str, Any] = {"subject": message.subject, "seq": message.sequence}
    if message.headers:
        shown["hdrs"] = b64encode(message.headers).decode()
    if message.data:
        shown["data"] = b64encode(message.data).decode()
    return {**shown, "time": format_time(message.time)}


def _with_origin(message: StoredMessage, stream: str) -> bytes:
    """Return the headers, and where the message comes from."""
    origin = {
        "Nats-Stream": stream,
        "Nats-Subject": message.subject,
        "Nats-Sequence": message.sequence,
        "Nats-Time-Stamp": format_time(message.time),
    }
    return add_headers(message.headers, origin)
