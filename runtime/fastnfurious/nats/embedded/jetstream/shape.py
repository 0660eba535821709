"""The shape of requests: JSON to a dataclass, with an error for what does not fit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from fastnfurious.nats.embedded.jetstream.errors import ApiError, Fault

__all__ = ["read_object", "read_shape"]

_Shape = TypeVar("_Shape")

_KINDS: dict[str, tuple[type, type | None]] = {
    "str": (str, None),
    "int": (int, None),
    "bool": (bool, None),
    "tuple[str, ...]": (list, str),
    "tuple[int, ...]": (list, int),
    "dict[str, str]": (dict, str),
    "dict[str, Any]": (dict, None),
    "tuple[Any, ...]": (list, None),
}


def read_object(data: bytes) -> dict[str, Any]:
    """Return the object that a request carries; an empty request is an empty object.

    Raises:
        ApiError: It is no JSON object.
    """
    if not data.strip():
        return {}
    try:
        found = json.loads(data)
    except ValueError as error:
        raise ApiError(Fault.INVALID_JSON, error) from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ApiError(Fault.INVALID_JSON, f"expected an object, not {_kind(found)}")
    return found


def read_shape(
    shape: type[_Shape], given: Mapping[str, Any], choices: Mapping[str, tuple[str, ...]]
) -> _Shape:
    """Return an object's values in a dataclass; ``null`` is as good as nothing.

    Args:
        shape: Dataclass, whose fields are named like those of the object.
        given: The object.
        choices: Words that a field may hold.

    Raises:
        ApiError: A field is unknown, or has a value of another type.
    """
    known = {each.name: str(each.type) for each in fields(shape)}  # type: ignore[arg-type]
    values = dict[str, Any]()
    for name, value in given.items():
        if name not in known:
            raise ApiError(Fault.INVALID_JSON, f'json: unknown field "{name}"')
        if value is not None:
            values[name] = _checked(name, value, known[name], choices.get(name))
    return shape(**values)


def _checked(name: str, value: Any, kind: str, choices: tuple[str, ...] | None) -> Any:
    outer, inner = _KINDS[kind]
    items = value.values() if isinstance(value, dict) else value
    fits = _is(value, outer) and (inner is None or all(_is(item, inner) for item in items))
    if not fits:
        raise ApiError(Fault.INVALID_JSON, f"{name} takes {_words(kind)}, not {_kind(value)}")
    if choices is not None and value not in choices:
        raise ApiError(Fault.INVALID_JSON, f"{name} takes {', '.join(choices)}, not {value!r}")
    return tuple(value) if outer is list else value


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def _words(kind: str) -> str:
    return {"str": "a string", "int": "a whole number", "bool": "true or false"}.get(
        kind, "a list" if kind.startswith("tuple") else "an object"
    )


def _kind(value: Any) -> str:
    return f"{json.dumps(value)[:40]}"
