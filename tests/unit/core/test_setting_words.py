"""Words for what settings are and accept."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, SecretBytes, SecretStr

from fastnfurious.core.setting_words import (
    accepted,
    holds_secret,
    type_in_words,
    value_in_words,
    without_password,
)


class Size(Enum):
    """Values that are numbers."""

    SMALL = 1
    LARGE = 2


class Login(BaseModel):
    """A model with a secret inside."""

    name: str = "me"
    password: SecretStr = SecretStr("hidden")


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"const": "x"}, "x"),
        ({"enum": [1, 2]}, "one of 1, 2"),
        ({"$ref": "#/$defs/Size"}, "one of 1, 2"),
        ({"$ref": "#/$defs/Missing"}, None),
        ({"type": "number", "exclusiveMaximum": 3}, "a number less than 3"),
        ({"type": "string"}, "text"),
        ({"type": "string", "minLength": 1}, "text that is not empty"),
        ({"type": "string", "minLength": 8}, "text of at least 8 characters"),
        ({"type": "string", "maxLength": 8}, "text of 0 to 8 characters"),
        ({"type": "string", "pattern": "^a"}, "text that matches ^a"),
        ({"type": "string", "format": "duration"}, "a duration, in seconds or such as PT1M30S"),
        ({"type": "object", "properties": {}}, "a JSON object"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "a whole number or text"),
        ({"anyOf": [{"type": "number"}, {"type": "number"}]}, "a number"),
        ({"anyOf": [{"type": "integer"}, {}]}, None),
        ({}, None),
    ],
)
def test_a_schema_is_told_in_words(schema: dict[str, Any], words: str | None) -> None:
    """What a schema accepts is said plainly, or not at all."""
    assert accepted(schema, {"Size": {"enum": [1, 2]}}) == words


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (int, "int"),
        (None, "None"),
        (Annotated[int, "x"], "int"),
        (dict[str, list[int]], "dict[str, list[int]]"),
        (Literal[1, "a"], "1 | a"),
        (Size | None, "1 | 2 | None"),
        ("Forward", "Forward"),
    ],
)
def test_a_type_is_told_in_words(annotation: object, words: str) -> None:
    """Types read as in a table, without the names of modules."""
    assert type_in_words(annotation) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ""),
        (False, "false"),
        (1.5, "1.5"),
        (Size.LARGE, "2"),
        ((1, "a", True), '[1, "a", true]'),
        ({"a": 1, "b": SecretStr("hidden")}, '{"a": 1, "b": "**********"}'),
        (Login(), '{"name": "me", "password": "**********"}'),
        ("amqp://a:b@h/x amqp://c:d@h", "amqp://a:**********@h/x amqp://c:**********@h"),
    ],
)
def test_a_value_is_told_as_one_would_write_it(value: object, words: str) -> None:
    """Values read as in an environment, and secrets as masks."""
    assert value_in_words(value) == words


@pytest.mark.parametrize(
    "text", ["http://host:80/a@b", "mail me@example.org", "http://host/a:b@c", "http://me@host"]
)
def test_what_is_no_password_is_shown(text: str) -> None:
    """Ports, paths and plain user names stay readable."""
    assert without_password(text) == text


@pytest.mark.parametrize(
    ("annotation", "secret"),
    [
        (str, False),
        (SecretStr, True),
        (SecretBytes | None, True),
        (dict[str, list[SecretStr]], True),
        (Login, True),
        (list[str], False),
        (Literal["a"], False),
    ],
)
def test_a_secret_is_found_wherever_it_is_inside_a_type(annotation: Any, secret: bool) -> None:
    """A type counts as secret when any part of it is."""
    assert holds_secret(annotation) is secret
