"""The requests about streams and consumers, and their answers.

*Source:* https://docs.nats.io/reference/reference-protocols/nats_api_reference
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from fastnfurious.nats.embedded.jetstream.consumer_requests import ConsumerRequests
from fastnfurious.nats.embedded.jetstream.errors import ApiError, Fault, not_here
from fastnfurious.nats.embedded.jetstream.message_requests import MessageRequests
from fastnfurious.nats.embedded.jetstream.outlet import Outlet
from fastnfurious.nats.embedded.jetstream.stream import Stream
from fastnfurious.nats.embedded.jetstream.stream_requests import StreamRequests
from fastnfurious.nats.embedded.protocol import Publish

__all__ = ["API", "Api"]

API = "$JS.API."
_TYPE = "io.nats.jetstream.api.v1."
_LEVEL = 1  # messages that expire by their own wish
_LIMITS = (
    "max_memory",
    "max_storage",
    "max_streams",
    "max_consumers",
    "max_ack_pending",
    "memory_max_stream_bytes",
    "storage_max_stream_bytes",
)
_NOT_HERE: dict[tuple[str, ...], tuple[str, str]] = {
    ("STREAM", "SNAPSHOT"): ("stream_snapshot", "snapshots"),
    ("STREAM", "RESTORE"): ("stream_restore", "snapshots"),
    ("STREAM", "PEER"): ("stream_remove_peer", "clusters"),
    ("STREAM", "LEADER"): ("stream_leader_stepdown", "clusters"),
    ("CONSUMER", "LEADER"): ("consumer_leader_stepdown", "clusters"),
    ("CONSUMER", "PAUSE"): ("consumer_pause", "paused consumers"),
    ("CONSUMER", "RESET"): ("consumer_reset", "resetting of consumers"),
    ("CONSUMER", "UNPIN"): ("consumer_unpin", "priority groups"),
}

Answerer = Callable[[list[str], bytes], dict[str, Any]]


class Api:
    """Answer requests.

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
        self._messages = MessageRequests(streams, outlet)
        self._total = self._errors = 0
        stream = StreamRequests(streams, outlet, note_change)
        self._consumers = consumer = ConsumerRequests(streams, outlet)
        self._answerers: dict[tuple[str, ...], tuple[str, int, Answerer]] = {
            ("INFO",): ("account_info", 0, self._info),
            ("STREAM", "NAMES"): ("stream_names", 0, stream.names),
            ("STREAM", "LIST"): ("stream_list", 0, stream.infos),
            ("STREAM", "CREATE"): ("stream_create", 1, stream.create),
            ("STREAM", "UPDATE"): ("stream_update", 1, stream.update),
            ("STREAM", "INFO"): ("stream_info", 1, stream.info),
            ("STREAM", "DELETE"): ("stream_delete", 1, stream.delete),
            ("STREAM", "PURGE"): ("stream_purge", 1, stream.purge),
            ("STREAM", "MSG", "GET"): ("stream_msg_get", 1, self._messages.get),
            ("STREAM", "MSG", "DELETE"): ("stream_msg_delete", 1, self._messages.delete),
            ("CONSUMER", "CREATE"): ("consumer_create", -1, consumer.create),
            ("CONSUMER", "DURABLE", "CREATE"): ("consumer_create", 2, consumer.create_durable),
            ("CONSUMER", "NAMES"): ("consumer_names", 1, consumer.names),
            ("CONSUMER", "LIST"): ("consumer_list", 1, consumer.infos),
            ("CONSUMER", "INFO"): ("consumer_info", 2, consumer.info),
            ("CONSUMER", "DELETE"): ("consumer_delete", 2, consumer.delete),
        }

    def answer(self, message: Publish) -> bool:
        """Answer a request; return whether anybody is there to answer it."""
        words = message.subject.removeprefix(API).split(".")
        if words[:2] == ["DIRECT", "GET"]:
            return self._messages.get_direct(words[2:], message)
        if words[:3] == ["CONSUMER", "MSG", "NEXT"]:
            return self._consumers.pull(words[3:], message)
        found = self._find(words)
        if found is not None and message.reply:
            kind, answerer, arguments = found
            self._respond(message.reply, kind, self._try(answerer, arguments, message.data))
        return True

    def _find(self, words: list[str]) -> tuple[str, Answerer, list[str]] | None:
        for length in (1, 2, 3):
            known = self._answerers.get(tuple(words[:length]))
            if known is None:
                continue
            kind, count, answerer = known
            arguments = words[length:]
            if len(arguments) == count or count < 0 < len(arguments):
                return kind, answerer, arguments
        missing = _NOT_HERE.get(tuple(words[:2]))
        return (missing[0], _refuse(missing[1]), []) if missing else None

    def _try(self, answerer: Answerer, arguments: list[str], data: bytes) -> dict[str, Any]:
        self._total += 1
        try:
            return answerer(arguments, data)
        except ApiError as error:
            self._errors += 1
            return {"error": error.as_json()}

    def _respond(self, reply: str, kind: str, answer: dict[str, Any]) -> None:
        whole = {"type": f"{_TYPE}{kind}_response", **answer}
        self._outlet.say(reply, json.dumps(whole).encode())

    def _info(self, arguments: list[str], data: bytes) -> dict[str, Any]:
        sizes = {"memory": 0, "file": 0}
        for stream in self._streams.values():
            sizes[stream.config.storage] += stream.store.bytes
        return {
            "memory": sizes["memory"],
            "storage": sizes["file"],
            "reserved_memory": 0,
            "reserved_storage": 0,
            "streams": len(self._streams),
            "consumers": sum(len(each.consumers) for each in self._streams.values()),
            "limits": {**dict.fromkeys(_LIMITS, -1), "max_bytes_required": False},
            "api": {"level": _LEVEL, "total": self._total, "errors": self._errors},
        }


def _refuse(what: str) -> Answerer:
    def refuse(arguments: list[str], data: bytes) -> dict[str, Any]:
        raise not_here(what, Fault.STREAM_INVALID)

    return refuse
