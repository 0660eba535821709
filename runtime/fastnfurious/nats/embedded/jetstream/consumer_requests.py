"""Requests about consumers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastnfurious.core.identifiers import new_identifier
from fastnfurious.nats.embedded.jetstream.consumer import Consumer
from fastnfurious.nats.embedded.jetstream.consumer_config import ConsumerConfig
from fastnfurious.nats.embedded.jetstream.errors import ApiError, Fault
from fastnfurious.nats.embedded.jetstream.outlet import Outlet
from fastnfurious.nats.embedded.jetstream.page import Page, page
from fastnfurious.nats.embedded.jetstream.shape import read_object
from fastnfurious.nats.embedded.jetstream.stream import Stream
from fastnfurious.nats.embedded.jetstream.stream_requests import find_stream
from fastnfurious.nats.embedded.protocol import Publish
from fastnfurious.nats.embedded.subjects import overlap

__all__ = ["ConsumerRequests"]

_MOST_NAMES = 1024
_MOST_INFOS = 256
_NAME_LENGTH = 8


class ConsumerRequests:
    """Create, change, show and remove consumers, and ask them for messages.

    Args:
        streams: All streams by name.
        outlet: Reaches the clients.
    """

    def __init__(self, streams: dict[str, Stream], outlet: Outlet) -> None:
        self._streams = streams
        self._outlet = outlet

    def create(self, arguments: list[str], data: bytes) -> dict[str, Any]:
        """Create a consumer; its name and its filter may be in the subject."""
        given = read_object(data)
        config = self._read(arguments[0], given)
        name, filtered = "".join(arguments[1:2]), ".".join(arguments[2:])
        if name:
            if config.durable_name not in ("", name):
                raise ApiError(Fault.DURABLE_MISMATCH)
            config = replace(config, name=name)
        elif config.durable_name:
            raise ApiError(Fault.EPHEMERAL_EXPECTED)
        if filtered and config.filter_subjects:
            raise ApiError(Fault.FILTERS_IN_SUBJECT)
        if filtered and filtered != config.filter_subject:
            raise ApiError(Fault.FILTER_MISMATCH)
        return self._put(arguments[0], config, str(given.get("action") or ""))

    def create_durable(self, arguments: list[str], data: bytes) -> dict[str, Any]:
        """Create a durable consumer, in the older way."""
        given = read_object(data)
        config = self._read(arguments[0], given)
        if not config.durable_name:
            raise ApiError(Fault.DURABLE_NOT_SET)
        if config.durable_name != arguments[1]:
            raise ApiError(Fault.DURABLE_MISMATCH)
        config = replace(config, name=config.durable_name)
        return self._put(arguments[0], config, str(given.get("action") or ""))

    def names(self, arguments: list[str], data: bytes) -> dict[str, Any]:
        """List the names of a stream's consumers."""
        try:
            shown = self._page(arguments[0], read_object(data), _MOST_NAMES)
        except ApiError as error:
            return _nothing(error)
        return {**shown.limits, "consumers": [each.name for each in shown.items]}

    def infos(self, arguments: list[str], data: bytes) -> dict[str, Any]:
        """Show a stream's consumers."""
        try:
            shown = self._page(arguments[0], read_object(data), _MOST_INFOS)
        except ApiError as error:
            return _nothing(error)
        return {**shown.limits, "consumers": [each.info() for each in shown.items]}

    def info(self, arguments: list[str], data: bytes) -> dict[str, Any]:
        """Show a consumer."""
        return self._find(*arguments)[1].info()

    def delete(self, arguments: list[str], data: bytes) -> dict[str, Any]:
        """Remove a consumer."""
        stream, consumer = self._find(*arguments)
        stream.drop(consumer.name)
        return {"success": True}

    def pull(self, arguments: list[str], message: Publish) -> bool:
        """Ask a consumer for messages; return whether it is there."""
        stream = self._streams.get(arguments[0]) if len(arguments) == 2 else None
        consumer = stream.consumers.get(arguments[1]) if stream else None
        if consumer is None:
            return False
        if message.reply:
            consumer.pull(message.reply, message.data)
        return True

    def _find(self, stream_name: str, name: str) -> tuple[Stream, Consumer]:
        stream = find_stream(self._streams, stream_name)
        consumer = stream.consumers.get(name)
        if consumer is None:
            raise ApiError(Fault.CONSUMER_NOT_FOUND)
        return stream, consumer

    def _page(self, name: str, given: dict[str, Any], size: int) -> Page[Consumer]:
        consumers = find_stream(self._streams, name).consumers
        return page([consumers[each] for each in sorted(consumers)], given, size)

    def _read(self, stream_name: str, given: dict[str, Any]) -> ConsumerConfig:
        if str(given.get("stream_name") or "") != stream_name:
            raise ApiError(Fault.STREAM_MISMATCH)
        find_stream(self._streams, stream_name)
        return ConsumerConfig.read(given.get("config") or {})

    def _put(self, stream_name: str, config: ConsumerConfig, action: str) -> dict[str, Any]:
        stream = find_stream(self._streams, stream_name)
        config = config.completed(stream.config)
        known = stream.consumers.get(config.name)
        if known is not None:
            return self._change(stream, known, config, action)
        if action == "update":
            raise ApiError(Fault.CONSUMER_MISSING)
        if 0 < stream.config.max_consumers <= len(stream.consumers):
            raise ApiError(Fault.MAXIMUM_CONSUMERS)
        _check_work(stream, config)
        name = config.name or new_identifier()[-_NAME_LENGTH:]
        consumer = stream.consumers[name] = Consumer(stream, name, config, self._outlet)
        info = consumer.info()
        consumer.start()
        return info

    def _change(
        self, stream: Stream, known: Consumer, config: ConsumerConfig, action: str
    ) -> dict[str, Any]:
        if action == "create" and known.config != config:
            raise ApiError(Fault.CONSUMER_EXISTS)
        if stream.config.retention == "workqueue":
            _check_unique(stream, config)
        known.config.check_update(config)
        if known.config.deliver_subject != config.deliver_subject:
            if self._outlet.listens(known.config.deliver_subject):
                raise ApiError(Fault.CONSUMER_NAME_IN_USE)
        if known.config != config:
            known.update(config)
        return known.info()


def _check_work(stream: Stream, config: ConsumerConfig) -> None:
    if stream.config.retention != "workqueue":
        return
    if config.ack_policy != "explicit":
        raise ApiError(Fault.WORK_NEEDS_ACK)
    if config.deliver_policy != "all":
        raise ApiError(Fault.WORK_DELIVER_ALL)
    if stream.consumers and not config.filters:
        raise ApiError(Fault.WORK_UNFILTERED)
    _check_unique(stream, config)


def _check_unique(stream: Stream, config: ConsumerConfig) -> None:
    for other in stream.consumers.values():
        if other.name == config.name:
            continue
        theirs = other.config.filters or (">",)
        if any(overlap(one, two) for one in config.filters or (">",) for two in theirs):
            raise ApiError(Fault.WORK_NOT_UNIQUE)


def _nothing(error: ApiError) -> dict[str, Any]:
    return {"error": error.as_json(), "total": 0, "offset": 0, "limit": 0, "consumers": []}
