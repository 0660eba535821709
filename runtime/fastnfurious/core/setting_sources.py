"""Reading lists and mappings from variables: as JSON, or simply separated by commas."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from types import UnionType
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

__all__ = ["EnvFileSource", "EnvironmentSource"]

_Decode = Callable[[str, Any, Any], Any]


class EnvironmentSource(EnvSettingsSource):
    """Read the variables of the process.

    What cannot be decoded is handed on as it is, so that validation names it together with every
    other fault.
    """

    def decode_complex_value(self, field_name: str, field: FieldInfo | None, value: Any) -> Any:
        """Return the decoded value, or the text itself when it has no form that is known."""
        decode: _Decode = super().decode_complex_value
        return _decoded(decode, field_name, field, value)


class EnvFileSource(DotEnvSettingsSource):
    """Read the variables of a ``.env`` file, in the same way."""

    def decode_complex_value(self, field_name: str, field: FieldInfo | None, value: Any) -> Any:
        """Return the decoded value, or the text itself when it has no form that is known."""
        decode: _Decode = super().decode_complex_value
        return _decoded(decode, field_name, field, value)


def _decoded(decode: _Decode, name: str, field: FieldInfo | None, value: Any) -> Any:
    try:
        decoded = decode(name, field, value)
    except json.JSONDecodeError:
        decoded = None
    if decoded is value or isinstance(decoded, list | dict):
        return decoded
    kind = None if field is None else _container(field.annotation)
    if kind is None or value.lstrip().startswith(("[", "{")):
        return value if decoded is None else decoded
    return _pairs(value) if issubclass(kind, Mapping) else _items(value)


def _container(annotation: Any) -> type | None:
    """Return ``list``, ``dict`` or the like when the annotation means one, also if optional."""
    origin = get_origin(annotation) or annotation
    if isinstance(origin, type) and origin is not UnionType:
        several = issubclass(origin, Collection) and not issubclass(origin, str | bytes)
        return origin if several else None
    choices = get_args(annotation)
    if str in choices:
        return None
    return next(filter(None, map(_container, choices)), None)


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _pairs(text: str) -> dict[str, str] | str:
    pairs = [item.partition("=") for item in _items(text)]
    if not all(separator for _, separator, _ in pairs):
        return text
    return {name.strip(): value.strip() for name, _, value in pairs}
