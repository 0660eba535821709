"""Turning whatever is logged into values that JSON can hold, without ever failing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from enum import Enum

__all__ = ["Clean", "PlainValue", "plain", "text_of", "unicode"]

PlainValue = None | bool | int | float | str | list["PlainValue"] | dict[str, "PlainValue"]
"""What JSON can hold; integers stay within 64 bits."""

Clean = Callable[[str], str]
"""Makes a text fit to be written."""

_DEPTH = 24
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


def unicode(text: str) -> str:
    """Return a text without lone surrogates, which no encoding can write.

    Example:
        >>> print(unicode(chr(0xdc80) + "é"))
        \\udc80é
    """
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()


def text_of(value: object) -> str:
    """Return ``str(value)``, or a description of the value when that fails.

    Example:
        >>> class Broken:
        ...     def __str__(self) -> str: raise RuntimeError
        >>> text_of(Broken())
        '<Broken: RuntimeError when asked for its text>'
    """
    try:
        return str(value)
    except Exception as error:
        if type(value) is int:  # more digits than Python is willing to convert
            return hex(value)
        fault = type(error).__name__
        return f"<{type(value).__name__}: {fault} when asked for its text>"


def plain(value: object, clean: Clean = unicode, inside: tuple[int, ...] = ()) -> PlainValue:
    """Return a value as JSON can hold it; what JSON has no shape for becomes text.

    Args:
        value: Anything.
        clean: Applied to every text, keys included.
        inside: Identities of the containers around the value.

    Example:
        >>> plain({1: {b"raw"}, "big": 2**70})
        {'1': ['raw'], 'big': '1180591620717411303424'}
    """
    kind = type(value)
    if kind is str:
        return clean(value)  # type: ignore[arg-type]
    if value is None or kind is bool or kind is float:
        return value  # type: ignore[return-value]
    if kind is int:
        fits = _SMALLEST <= value <= _LARGEST  # type: ignore[operator]
        return value if fits else clean(text_of(value))  # type: ignore[return-value]
    try:
        return _shaped(value, clean, inside)
    except Exception as error:
        return f"<{kind.__name__}: {type(error).__name__} when read>"


def _shaped(value: object, clean: Clean, inside: tuple[int, ...]) -> PlainValue:
    if isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return _container(value, clean, inside)
    if isinstance(value, Enum):
        return plain(value.value, clean, inside)
    if isinstance(value, (bytes, bytearray)):
        return clean(value.decode("utf-8", "backslashreplace"))
    if isinstance(value, (datetime, date, time)):
        return clean(value.isoformat())
    return clean(text_of(value))


def _container(
    value: (
        Mapping[object, object]
        | list[object]
        | tuple[object, ...]
        | set[object]
        | frozenset[object]
    ),
    clean: Clean,
    inside: tuple[int, ...],
) -> PlainValue:
    if id(value) in inside:
        return "<circular>"
    if len(inside) >= _DEPTH:
        return "<nested too deeply>"
    inside = (*inside, id(value))
    if isinstance(value, Mapping):
        return {
            clean(text_of(key)): plain(item, clean, inside) for key, item in list(value.items())
        }
    return [plain(item, clean, inside) for item in list(value)]
