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
from fastnfurious.nats.service import MicroService

__all__ = ["asyncapi_document"]

_REF = "#/components/schemas/{model}"


def asyncapi_document(
    services: Iterable[MicroService], *, title: str, version: str
) -> dict[str, Any]:
    """Return the document.

    Args:
        services: What is described.
        title: What all of it is called.
        version: Its version.

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
            _describe(document, service, endpoint)
    return document


def _describe(document: dict[str, Any], service: MicroService, endpoint: Endpoint) -> None:
    schemas = document["components"]["schemas"]
    channel = _identifier(endpoint.subject)
    request = _message(endpoint.handler.payload_type, schemas)
    document["channels"].setdefault(channel, {"address": endpoint.subject, "messages": {}})
    document["channels"][channel]["messages"][endpoint.name] = request
    operation: dict[str, Any] = {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{endpoint.name}"}],
        "tags": [{"name": service.name}],
    }
    if words := inspect.getdoc(endpoint.function):
        operation["summary"] = words.split("\n")[0]
    if endpoint.queue:
        operation["bindings"] = {"nats": {"queue": endpoint.queue, "bindingVersion": "0.1.0"}}
    if endpoint.answers:
        replies = f"{channel}_reply"
        answer = _message(endpoint.handler.reply_type, schemas)
        document["channels"].setdefault(replies, {"address": None, "messages": {}})
        document["channels"][replies]["messages"][endpoint.name] = answer
        operation["reply"] = {
            "channel": {"$ref": f"#/channels/{replies}"},
            "messages": [{"$ref": f"#/channels/{replies}/messages/{endpoint.name}"}],
        }
    document["operations"][_identifier(f"{service.name}.{endpoint.name}")] = operation


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
