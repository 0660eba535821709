"""Payloads: turning values into bytes, and bytes into what an annotation asks for."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from inspect import Parameter
from typing import Any

from pydantic import BaseModel, PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

from fastnfurious.core.errors import ConfigurationError
from fastnfurious.nats.contract import InvalidPayload

__all__ = ["Decoder", "decode_json", "decoder_for", "encode"]

Decoder = Callable[[bytes], Any]
"""Turns a payload into a value, or raises InvalidPayload."""


def encode(payload: Any) -> bytes:
    """Return a value as bytes: bytes and text as they are, ``None`` as nothing, the rest as JSON.

    Raises:
        InvalidPayload: The value has no JSON form.

    Example:
        >>> encode({"item": 7}), encode("text"), encode(None)
        (b'{"item":7}', b'text', b'')
    """
    if isinstance(payload, bytes):
        return payload
    if payload is None:
        return b""
    if isinstance(payload, str):
        return payload.encode()
    if isinstance(payload, bytearray | memoryview):
        return bytes(payload)
    try:
        if isinstance(payload, BaseModel):
            return payload.__pydantic_serializer__.to_json(payload)
        return to_json(payload)
    except (PydanticSerializationError, ValueError) as error:
        raise InvalidPayload(f"{type(payload).__name__} cannot be sent as JSON: {error}") from error


def decode_json(data: bytes) -> Any:
    """Return the value that JSON stands for; nothing stands for ``None``.

    Raises:
        InvalidPayload: It is not JSON.
    """
    if not data:
        return None
    try:
        return from_json(data)
    except ValueError as error:
        raise InvalidPayload(f"not JSON: {error}") from None


def decoder_for(annotation: Any) -> Decoder:
    """Return what decodes payloads for an annotation.

    ``bytes`` and ``str`` are taken as they are; no annotation means any JSON; everything that
    pydantic knows is validated.

    Raises:
        ConfigurationError: Nothing can be decoded into that type.

    Example:
        >>> decoder_for(list[int])(b"[1, 2]")
        [1, 2]
    """
    if annotation in (Parameter.empty, Any):
        return decode_json
    if annotation is bytes:
        return bytes
    if annotation is str:
        return _decode_text
    try:
        return _typed_decoder(annotation)
    except TypeError:  # an annotation that cannot be hashed
        return _typed_decoder.__wrapped__(annotation)


def _decode_text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InvalidPayload(f"not UTF-8 at byte {error.start}") from None


@lru_cache(maxsize=512)
def _typed_decoder(annotation: Any) -> Decoder:
    try:
        adapter = TypeAdapter[Any](annotation)
    except PydanticUserError as error:
        raise ConfigurationError(
            f"No payload can be decoded into {annotation!r}: use a pydantic model, a dataclass, "
            f"a TypedDict, dict, list, str or bytes ({error.message.splitlines()[0]})"
        ) from error

    def decode(data: bytes) -> Any:
        try:
            return adapter.validate_json(data or b"null")
        except ValidationError as error:
            raise InvalidPayload(_in_words(error)) from None

    return decode


def _in_words(error: ValidationError) -> str:
    """Say what is wrong and where, without the values, which may be secret."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    shown = [": ".join((".".join(map(str, each["loc"])), each["msg"])) for each in faults[:5]]
    more = f" and {len(faults) - 5} more" if len(faults) > 5 else ""
    return "; ".join(text.removeprefix(": ") for text in shown) + more
