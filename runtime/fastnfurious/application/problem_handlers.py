"""What becomes a problem: FastAPI's own errors, ours, and those that nobody expected."""

from __future__ import annotations

from typing import Any

from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from loguru import logger
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketState

from fastnfurious.application.plain import plain
from fastnfurious.application.problems import problem_response
from fastnfurious.application.validation import validation_entries
from fastnfurious.core.errors import FastNFuriousError

__all__ = [
    "on_http_exception",
    "on_invalid_handshake",
    "on_invalid_request",
    "on_our_error",
    "on_unexpected_error",
    "problem_handlers",
]

POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
TRY_AGAIN_LATER = 1013


def problem_handlers() -> dict[Any, Any]:
    """Return the exception handlers that answer with problems, by class of exception."""
    return {
        HTTPException: on_http_exception,
        RequestValidationError: on_invalid_request,
        WebSocketRequestValidationError: on_invalid_handshake,
        FastNFuriousError: on_our_error,
        Exception: on_unexpected_error,
    }


async def on_http_exception(connection: HTTPConnection, error: HTTPException) -> Response | None:
    """Answer with the exception's status, detail and headers, in its own media type if it has one.

    A websocket that is open is closed instead.
    """
    detail: Any = error.detail
    if _is_open(connection):
        await _close(connection, error.status_code, detail)
        return None
    media_type = getattr(error, "media_type", None)
    if media_type is None:
        return problem_response(connection, error.status_code, detail=detail, headers=error.headers)
    content = detail if isinstance(detail, bytes) else _text(detail).encode()
    return Response(content, error.status_code, error.headers, media_type)


async def on_invalid_request(connection: HTTPConnection, error: RequestValidationError) -> Response:
    """Answer 422 and point at each member or parameter that is not valid."""
    return problem_response(
        connection,
        422,
        detail="The request is not valid; `errors` names each fault",
        errors=validation_entries(error.errors(), error.body),
    )


async def on_invalid_handshake(
    websocket: WebSocket, error: WebSocketRequestValidationError
) -> None:
    """Close with 1008 and the first fault; a reason has to be a text of at most 123 bytes."""
    faults = [
        f"{entry.get('parameter', entry['location'])}: {entry['detail']}"
        for entry in validation_entries(error.errors())
    ]
    await websocket.close(POLICY_VIOLATION, _reason("; ".join(faults)))


async def on_our_error(connection: HTTPConnection, error: FastNFuriousError) -> Response | None:
    """Answer with the error's own status; its message is shown if it is public.

    An error that stands for a fault of the service itself is unexpected: it is raised again.
    """
    if error.status == 500:
        raise error
    if error.status > 500:
        logger.warning("{}: {}", type(error).__name__, error)
    detail = str(error) if error.public else None
    if _is_open(connection):
        await _close(connection, error.status, detail)
        return None
    return problem_response(
        connection,
        error.status,
        detail=detail,
        type=error.type,
        title=error.title,
        headers=error.headers,
    )


async def on_unexpected_error(connection: HTTPConnection, error: Exception) -> Response:
    """Answer 500 without a word about the cause: that is in the log, under the request id."""
    return problem_response(
        connection, 500, detail="The service failed; its log has the cause under the request id"
    )


def _is_open(connection: HTTPConnection) -> bool:
    return (
        isinstance(connection, WebSocket)
        and connection.application_state is not WebSocketState.CONNECTING
    )


async def _close(connection: Any, status: int, detail: Any) -> None:
    if connection.application_state is not WebSocketState.CONNECTED:
        return
    code = TRY_AGAIN_LATER if status in (503, 504) else INTERNAL_ERROR
    code = POLICY_VIOLATION if status < 500 else code
    await connection.close(code, _reason(detail if isinstance(detail, str) else ""))


def _reason(text: str) -> str:
    return _text(text).encode()[:123].decode("utf-8", "ignore")


def _text(detail: Any) -> str:
    return str(plain(detail))
