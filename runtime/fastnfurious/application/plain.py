"""Any value as data that JSON can hold, without ever failing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from typing import Any

from pydantic_core import PydanticSerializationError, to_jsonable_python

__all__ = ["plain"]

DEEPEST = 32
"""Levels of nesting that are kept; what lies deeper becomes text."""


def plain(value: Any, depth: int = 0) -> Any:
    """Return a value as nothing but dictionaries, lists, text, numbers, booleans and ``None``.

    What JSON cannot hold is replaced: numbers that are not finite by ``None``, bytes and lone
    surrogates by replacement characters, an object nobody can serialise by its type's name.

    Args:
        value: Anything.
        depth: How deep the value lies; left out by callers.

    Example:
        >>> plain({"ratio": float("nan"), "raw": b"\\xff", 3: {1}})
        {'ratio': None, 'raw': '\ufffd', '3': [1]}
    """
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "replace")
    if depth >= DEEPEST:
        return _name(value)
    if isinstance(value, Mapping):
        return {_key(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | Set):
        return [plain(item, depth + 1) for item in value]
    return _other(value, depth)


def _other(value: Any, depth: int) -> Any:
    try:
        converted = to_jsonable_python(value, serialize_unknown=False, inf_nan_mode="constants")
    except (PydanticSerializationError, ValueError, TypeError, RecursionError):
        return _name(value)
    except Exception:
        # The object's own code, such as a model's serialiser, may raise anything.
        return _name(value)
    return plain(converted, depth + 1)


def _key(key: Any) -> str:
    return _text(key) if isinstance(key, str) else str(plain(key, DEEPEST))


def _text(value: str) -> str:
    return str(value).encode("utf-8", "replace").decode("utf-8")


def _name(value: Any) -> str:
    return type(value).__name__
