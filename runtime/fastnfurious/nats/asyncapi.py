"""The AsyncAPI document of services: what they answer and follow, from the same signatures.

*Source:* https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter

from fastnfurious.nats.endpoint import Endpoint
from fastnfurious.nats.handlers import Handler
from fastnfurious.nats.jetstream.consumer import Consumer
from fastnfurious.nats.service import MicroService

__all__ = ["asyncapi_document"]

_REF = "#/components/schemas/{model}"


def asyncapi_document(
    services: Iterable[MicroService],
    *,
    title: str,
    version: str,
    consumers: Iterable[Consumer] = (),
) -> dict[str, Any]:
    """Return the document.

    Args:
        services: What is described.
        title: What all of it is called.
        version: Its version.
        consumers: Durable consumers that are described, too; ``app.nats.jetstream.consumers``.

    Example:
        >>> inventory = MicroService("inventory", version="1.0.0")
        >>> @inventory.reply("stock.get")
        ... async def get_stock(item: int) -> int:
        ...     return item * 2
        >>> document = asyncapi_document([inventory], title="Shop", version="1.0.0")
        >>> document["channels"]["stock_get"]["address"]
        'stock.get'
    """
    document: dict[str, Any] = {
        "asyncapi": "3.0.0",
        "info": {"title": title, "version": version},
        "defaultContentType": "application/json",
        "channels": {},
        "operations": {},
        "components": {"schemas": {}},
    }
    for service in services:
        for endpoint in service.endpoints:
            _describe_endpoint(document, service, endpoint)
    for consumer in consumers:
        _describe_consumer(document, consumer)
    return document


def _describe_endpoint(document: dict[str, Any], service: MicroService, endpoint: Endpoint) -> None:
    operation = _operation(document, endpoint.subject, endpoint.name, endpoint.handler)
    operation["tags"] = [{"name": service.name}]
    if endpoint.queue:
        operation["bindings"] = {"nats": {"queue": endpoint.queue, "bindingVersion": "0.1.0"}}
    if endpoint.answers:
        operation["reply"] = _reply(document, endpoint)
    document["operations"][_identifier(f"{service.name}.{endpoint.name}")] = operation


def _describe_consumer(document: dict[str, Any], consumer: Consumer) -> None:
    """Describe a durable consumer; the bindings of NATS have no words for streams."""
    options = consumer.options
    name = f"{options.durable}.{consumer.handler.name.rpartition('.')[2]}"
    operation = _operation(document, options.subject, _identifier(name), consumer.handler)
    said = {
        "durable": options.durable,
        "stream": options.stream,
        "maxDeliveries": options.max_deliveries,
        "deadLetter": options.dead_letter,
    }
    operation["x-jetstream"] = {key: value for key, value in said.items() if value is not None}
    document["operations"][_identifier(name)] = operation


def _operation(
    document: dict[str, Any], subject: str, name: str, handler: Handler
) -> dict[str, Any]:
    """Return the operation of a handler, after its channel and message were added."""
    channel = _identifier(subject)
    message = _message(handler.payload_type, document["components"]["schemas"])
    document["channels"].setdefault(channel, {"address": subject, "messages": {}})
    document["channels"][channel]["messages"][name] = message
    operation: dict[str, Any] = {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"}],
    }
    if words := inspect.getdoc(handler.function):
        operation["summary"] = words.split("\n")[0]
    return operation


def _reply(document: dict[str, Any], endpoint: Endpoint) -> dict[str, Any]:
    replies = f"{_identifier(endpoint.subject)}_reply"
    answer = _message(endpoint.handler.reply_type, document["components"]["schemas"])
    document["channels"].setdefault(replies, {"address": None, "messages": {}})
    document["channels"][replies]["messages"][endpoint.name] = answer
    return {
        "channel": {"$ref": f"#/channels/{replies}"},
        "messages": [{"$ref": f"#/channels/{replies}/messages/{endpoint.name}"}],
    }


def _message(annotation: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    if annotation is bytes:
        return {"contentType": "application/octet-stream"}
    if annotation is str:
        return {"contentType": "text/plain", "payload": {"type": "string"}}
    if annotation in (inspect.Parameter.empty, Any):
        return {"payload": {}}
    schema = TypeAdapter(annotation).json_schema(ref_template=_REF)
    schemas.update(schema.pop("$defs", {}))
    title = schema.get("title")
    if isinstance(title, str) and schema.get("type") == "object":
        schemas[title] = schema
        schema = {"$ref": _REF.format(model=title)}
    return {"payload": schema}


def _identifier(text: str) -> str:
    """Return a text as a key that AsyncAPI takes."""
    named = text.replace("*", "any").replace(">", "all")
    return re.sub(r"[^A-Za-z0-9_-]", "_", named)
