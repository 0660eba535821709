"""Problem details: every error as one machine-readable shape.

*Source:* RFC 9457, https://www.rfc-editor.org/rfc/rfc9457.html.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi.utils import is_body_allowed_for_status_code
from opentelemetry import trace
from starlette.requests import HTTPConnection
from starlette.responses import Response

from fastnfurious.application.plain import plain
from fastnfurious.core.context import request_id

__all__ = ["PROBLEM_MEDIA_TYPE", "problem_document", "problem_response", "status_phrase"]

PROBLEM_MEDIA_TYPE = "application/problem+json"

# RFC 9110 renamed these; Python 3.13 was the first to follow.
_PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}

# They describe a body that is not the one sent.
_OF_THE_BODY = frozenset({"content-type", "content-length", "content-encoding"})


def problem_response(
    connection: HTTPConnection,
    status: int,
    *,
    detail: Any = None,
    type: str = "about:blank",
    title: str | None = None,
    errors: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer a request with a problem.

    Args:
        connection: The request.
        status: HTTP status; one that allows no body gets none.
        detail: What went wrong; a text, or any data, which becomes the member ``data``.
        type: URI that names the kind of problem.
        title: The kind of problem in words; by default the phrase of the status.
        errors: The single faults of a request that is not valid.
        headers: Headers to add.

    Example:
        >>> from starlette.requests import Request
        >>> request = Request({"type": "http", "path": "/items/7", "headers": []})
        >>> problem_response(request, 404, detail="No item 7").media_type
        'application/problem+json'
    """
    kept = {k: v for k, v in (headers or {}).items() if k.lower() not in _OF_THE_BODY}
    if not is_body_allowed_for_status_code(status):
        return Response(status_code=status, headers=kept)
    document = problem_document(connection, status, detail=detail, errors=errors)
    document.update({"type": type, "title": title or document["title"]})
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Response(content, status, kept, PROBLEM_MEDIA_TYPE)


def problem_document(
    connection: HTTPConnection,
    status: int,
    *,
    detail: Any = None,
    errors: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the members of a problem; whatever is in ``detail``, JSON can hold them."""
    title = status_phrase(status)
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": plain(detail) if isinstance(detail, str) and detail else title,
        "instance": quote(
            connection.scope.get("path", "/"), safe="/:@!$&'()*+,;=~", errors="replace"
        ),
        "request_id": request_id.get(),
        "trace_id": _trace_id(),
        "errors": plain(list(errors)) or None,
    }
    if detail is not None and not isinstance(detail, str):
        document["data"] = plain(detail)
    return {name: value for name, value in document.items() if value is not None}


def status_phrase(status: int) -> str:
    """Return the standard phrase of a status; of an unknown one, that of its class."""
    if status in _PHRASES:
        return _PHRASES[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Client Error" if 400 <= status < 500 else "Error"


def _trace_id() -> str | None:
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None
