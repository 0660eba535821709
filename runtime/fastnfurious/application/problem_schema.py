"""Problem details in the OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fastnfurious.application.problems import PROBLEM_MEDIA_TYPE

__all__ = ["document_problems"]

PROBLEM = "ProblemDetails"
FAULT = "ProblemFault"
METHODS = frozenset("get put post delete options head patch trace query".split())
REFERENCE = {"$ref": f"#/components/schemas/{PROBLEM}"}
FASTAPI_SCHEMAS = ("HTTPValidationError", "ValidationError")

SCHEMAS: dict[str, Any] = {
    PROBLEM: {
        "title": PROBLEM,
        "description": "An error, as RFC 9457 describes it.",
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {
                "type": "string",
                "format": "uri-reference",
                "description": "Names the kind of problem.",
                "default": "about:blank",
            },
            "title": {"type": "string", "description": "The kind of problem in words."},
            "status": {"type": "integer", "description": "The HTTP status."},
            "detail": {"type": "string", "description": "What went wrong this time."},
            "instance": {
                "type": "string",
                "format": "uri-reference",
                "description": "The path of the request.",
            },
            "request_id": {"type": "string", "description": "Finds the request in the logs."},
            "trace_id": {"type": "string", "description": "Finds the request in the traces."},
            "data": {"description": "Whatever else the service has to say."},
            "errors": {
                "type": "array",
                "description": "The single faults of a request that is not valid.",
                "items": {"$ref": f"#/components/schemas/{FAULT}"},
            },
        },
    },
    FAULT: {
        "title": FAULT,
        "description": "One fault of a request that is not valid.",
        "type": "object",
        "required": ["location", "detail", "code"],
        "properties": {
            "location": {
                "type": "string",
                "description": "`body`, `query`, `path`, `header` or `cookie`.",
            },
            "pointer": {
                "type": "string",
                "description": "Where in the body, as a JSON pointer (RFC 6901).",
            },
            "parameter": {"type": "string", "description": "Which parameter."},
            "detail": {"type": "string", "description": "What is accepted."},
            "code": {"type": "string", "description": "The kind of fault."},
        },
    },
}


def document_problems(schema: dict[str, Any]) -> None:
    """Let an OpenAPI document say that errors are problems, in place.

    The 422 that FastAPI documents gets the shape that is really sent, and every operation gets a
    ``default`` answer. What a service documents itself stays.

    Args:
        schema: An OpenAPI document made by FastAPI.
    """
    operations = list(_operations(schema))
    if not operations:
        return
    for operation in operations:
        _document(operation.setdefault("responses", {}))
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    for name, shape in SCHEMAS.items():
        schemas.setdefault(name, shape)
    for name in FASTAPI_SCHEMAS:
        if f'"#/components/schemas/{name}"' not in json.dumps(schema):
            schemas.pop(name, None)


def _operations(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for group in ("paths", "webhooks"):
        for path in schema.get(group, {}).values():
            yield from (operation for method, operation in path.items() if method in METHODS)


def _document(responses: dict[str, Any]) -> None:
    content = {PROBLEM_MEDIA_TYPE: {"schema": REFERENCE}}
    if _is_fastapi_own(responses.get("422")):
        responses["422"] = {"description": "Unprocessable Content", "content": content}
    responses.setdefault("default", {"description": "Problem", "content": content})


def _is_fastapi_own(response: dict[str, Any] | None) -> bool:
    own = {"schema": {"$ref": "#/components/schemas/HTTPValidationError"}}
    return response is not None and response.get("content") == {"application/json": own}
