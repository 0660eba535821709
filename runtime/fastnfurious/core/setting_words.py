"""What a setting is and what it accepts, in words for people.

The words come from the JSON schema that pydantic derives from a field, so that they always agree
with what is really accepted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr

__all__ = [
    "MASK",
    "accepted",
    "holds_secret",
    "type_in_words",
    "value_in_words",
    "without_password",
]

MASK = "**********"
"""What is shown in place of a secret."""

Schema = Mapping[str, Any]

_FORMATS = {
    "uri": "a URL",
    "date-time": "a date and time such as 2030-01-31T12:00:00Z",
    "date": "a date such as 2030-01-31",
    "time": "a time such as 12:00:00",
    "duration": "a duration, in seconds or such as PT1M30S",
    "email": "an e-mail address",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "path": "a path",
    "file-path": "the path of an existing file",
    "directory-path": "the path of an existing folder",
    "uuid": "a UUID",
}
_PASSWORD_IN_URL = re.compile(r"(://[^/?#:@\s]*:)[^/?#@\s]+(?=@)")


def accepted(schema: Schema, definitions: Schema | None = None) -> str | None:
    """Return what a JSON schema accepts, in words, or ``None`` when there are no good words.

    Args:
        schema: The schema of one field.
        definitions: The ``$defs`` that it may refer to.

    Example:
        >>> accepted({"type": "integer", "minimum": 0, "maximum": 9})
        'a whole number from 0 to 9'
    """
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return accepted((definitions or {}).get(name, {}), definitions)
    if "anyOf" in schema:
        return _any_of(schema["anyOf"], definitions)
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    return _by_type(schema)


def _any_of(choices: list[Schema], definitions: Schema | None) -> str | None:
    present = [choice for choice in choices if choice.get("type") != "null"]
    words = [accepted(choice, definitions) for choice in present]
    known = list(dict.fromkeys(word for word in words if word is not None))
    if len(known) < len(set(words)):
        return None
    unset = " (or leave it unset)" if len(present) < len(choices) else ""
    return " or ".join(known) + unset


def _by_type(schema: Schema) -> str | None:
    match schema.get("type"):
        case "boolean":
            return "true or false (also 1 or 0, yes or no, on or off)"
        case "integer":
            return "a whole number" + _range(schema)
        case "number":
            return "a number" + _range(schema)
        case "string":
            return _text(schema)
        case "array":
            return 'a JSON list such as ["a", "b"], or items separated by commas'
        case "object" if "properties" not in schema:
            return 'a JSON object such as {"a": "b"}, or name=value pairs separated by commas'
        case "object":
            return "a JSON object"
    return None


def _range(schema: Schema) -> str:
    lowest, highest = schema.get("minimum"), schema.get("maximum")
    if lowest is not None and highest is not None:
        return f" from {lowest:g} to {highest:g}"
    limits = (
        ("minimum", "of at least"),
        ("exclusiveMinimum", "greater than"),
        ("maximum", "of at most"),
        ("exclusiveMaximum", "less than"),
    )
    found = [f"{words} {schema[key]:g}" for key, words in limits if key in schema]
    return f" {' and '.join(found)}" if found else ""


def _text(schema: Schema) -> str:
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    if "pattern" in schema:
        return f"text that matches {schema['pattern']}"
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength")
    if longest is not None:
        return f"text of {shortest} to {longest} characters"
    if shortest > 1:
        return f"text of at least {shortest} characters"
    return "text that is not empty" if shortest else "text"


def type_in_words(annotation: Any) -> str:
    """Return a type as it is shown in a table of settings.

    Example:
        >>> type_in_words(int | None), type_in_words(Literal["a", "b"])
        ('int | None', 'a | b')
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_in_words(arguments[0])
    if origin in (Union, UnionType):
        return " | ".join(map(type_in_words, arguments))
    if origin is Literal:
        return " | ".join(map(str, arguments))
    if origin is not None:
        return f"{type_in_words(origin)}[{', '.join(map(type_in_words, arguments))}]"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " | ".join(str(member.value) for member in annotation)
    if annotation in (None, NoneType):
        return "None"
    return getattr(annotation, "__name__", None) or str(annotation)


def value_in_words(value: Any) -> str:
    """Return a value as one would write it into the environment; secrets are masked.

    Example:
        >>> value_in_words(True), value_in_words(["a", SecretStr("b")])
        ('true', '["a", "**********"]')
    """
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case Enum():
            return value_in_words(value.value)
        case BaseModel():
            return value_in_words({name: getattr(value, name) for name in type(value).model_fields})
        case dict():
            return json.dumps({str(key): _plain(item) for key, item in value.items()})
        case list() | tuple() | set() | frozenset():
            return json.dumps([_plain(item) for item in value])
    return without_password(str(value))


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float) else value_in_words(value)


def without_password(text: str) -> str:
    """Mask the password in every URL of a text.

    Example:
        >>> without_password("postgresql://shop:s3cret@db/shop")
        'postgresql://shop:**********@db/shop'
    """
    return _PASSWORD_IN_URL.sub(rf"\g<1>{MASK}", text)


def holds_secret(annotation: Any) -> bool:
    """Return whether a value of that type is a secret, or has one inside."""
    if isinstance(annotation, type) and not get_args(annotation):
        if issubclass(annotation, BaseModel):
            fields = annotation.model_fields.values()
            return any(holds_secret(field.annotation) for field in fields)
        return issubclass(annotation, SecretStr | SecretBytes)
    return any(map(holds_secret, get_args(annotation)))
