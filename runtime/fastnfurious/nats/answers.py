"""Answers to requests: what a message says about success and failure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastnfurious.core.errors import FastNFuriousError
from fastnfurious.nats.contract import (
    ERROR_CODE_HEADER,
    ERROR_HEADER,
    InvalidPayload,
    Message,
    RemoteError,
)
from fastnfurious.nats.payloads import Decoder, decode_json
from fastnfurious.nats.reply import Reply

__all__ = ["error_headers", "is_error", "reply_of", "value_of"]


def is_error(answer: Message) -> bool:
    """Return whether a service says that it could not do what it was asked."""
    return ERROR_HEADER in answer.headers


def reply_of(answer: Message) -> Reply:
    """Return an answer as a `Reply`.

    Raises:
        InvalidPayload: The value is not JSON.

    Example:
        >>> reply_of(Message("inbox", b'{"items": 7}')).value
        {'items': 7}
    """
    error = answer.headers.get(ERROR_HEADER)
    if error is None:
        return Reply(True, decode_json(answer.data))
    return Reply(False, _details(answer.data), error, _code(answer))


def value_of(answer: Message, decode: Decoder) -> Any:
    """Return the value of an answer.

    Raises:
        RemoteError: The answer is an error.
        InvalidPayload: The value is not what was expected.
    """
    error = answer.headers.get(ERROR_HEADER)
    if error is not None:
        raise RemoteError(error, _code(answer))
    return decode(answer.data)


def error_headers(error: Exception) -> Mapping[str, str]:
    """Return what the sender of a request is told: no more than an HTTP client would be."""
    if isinstance(error, InvalidPayload):
        return {ERROR_HEADER: f"Bad Request: {error}", ERROR_CODE_HEADER: "400"}
    if isinstance(error, FastNFuriousError):
        words = str(error) if error.public else "Internal Server Error"
        return {ERROR_HEADER: words, ERROR_CODE_HEADER: str(error.status)}
    status, detail = getattr(error, "status_code", None), getattr(error, "detail", None)
    if isinstance(status, int) and isinstance(detail, str):  # an HTTPException, of any kind
        return {ERROR_HEADER: detail, ERROR_CODE_HEADER: str(status)}
    return {ERROR_HEADER: "Internal Server Error", ERROR_CODE_HEADER: "500"}


def _code(answer: Message) -> int:
    text = answer.headers.get(ERROR_CODE_HEADER, "")
    return int(text) if text.isdecimal() else 500


def _details(data: bytes) -> Any:
    try:
        return decode_json(data)
    except InvalidPayload:
        return data.decode(errors="replace")
