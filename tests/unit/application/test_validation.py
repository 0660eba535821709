"""Validation errors as entries of a problem."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError

from fastnfurious.application.validation import json_pointer, validation_entries


class Cat(BaseModel):
    """One branch of a union."""

    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    """The other branch."""

    kind: Literal["dog"]
    name: str


def _short(value: str) -> str:
    if len(value) > 3:
        raise ValueError("too long")
    return value


class Owner(BaseModel):
    """A model with every kind of nesting."""

    pet: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None
    either: int | list[int] | None = None
    by_name: dict[str, int] = {}
    pets: list[Cat] = []
    short: Annotated[str, AfterValidator(_short)] | None = None


def pointers(body: Any) -> set[str]:
    """Return where the faults of a body are, as FastAPI would locate them."""
    try:
        TypeAdapter(Owner).validate_python(body)
    except ValidationError as error:
        errors = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
        return {entry["pointer"] for entry in validation_entries(errors, body)}
    return set()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"pet": {"kind": "cat", "lives": "x"}}, {"/pet/lives"}),
        ({"pet": {"kind": "cat"}}, {"/pet/lives"}),
        ({"pet": {"kind": "cow"}}, {"/pet"}),
        ({"pet": {}}, {"/pet"}),
        ({"either": "x"}, {"/either"}),
        ({"either": [1, "x"]}, {"/either", "/either/1"}),
        ({"by_name": {"a/b~c": "x"}}, {"/by_name/a~1b~0c"}),
        ({"pets": [{"kind": "cat", "lives": 9}, {"kind": "cat"}]}, {"/pets/1/lives"}),
        ({"pets": [7]}, {"/pets/0"}),
        ({"short": "long"}, {"/short"}),
        ([], {""}),
        (None, {""}),
    ],
)
def test_pointers_lead_into_the_body(body: Any, expected: set[str]) -> None:
    """Branches of unions and names of validators are no members of the body."""
    assert pointers(body) == expected


def test_a_missing_body_points_at_what_it_should_have() -> None:
    """Without a body, the names are all there is."""
    error = {"type": "missing", "loc": ("body", "item"), "msg": "Field required"}
    assert validation_entries([error], None)[0]["pointer"] == "/item"


def test_a_parameter_is_named_with_its_place() -> None:
    """Query, path, header and cookie parameters have a name; what is inside one has a pointer."""
    error = {"type": "int_parsing", "loc": ("query", "ids", 1), "msg": "Not a number"}
    assert validation_entries([error]) == [
        {
            "location": "query",
            "parameter": "ids",
            "pointer": "/1",
            "detail": "Not a number",
            "code": "int_parsing",
        }
    ]


def test_the_place_of_a_syntax_error_is_said_in_words() -> None:
    """A document that is not JSON has no members to point at."""
    error = {
        "type": "json_invalid",
        "loc": ("body", 7),
        "msg": "JSON decode error",
        "input": {},
        "ctx": {"error": "Expecting value"},
    }
    (entry,) = validation_entries([error], "{")
    assert entry["pointer"] == ""
    assert entry["detail"] == "JSON decode error: Expecting value at character 7"


def test_the_input_is_not_repeated() -> None:
    """A password that is too short is not sent back, nor logged by whoever gets the answer."""
    error = {
        "type": "string_too_short",
        "loc": ("body", "password"),
        "msg": "Too short",
        "input": "hunter2",
        "ctx": {"min_length": 8},
        "url": "https://errors.pydantic.dev",
    }
    assert "hunter2" not in str(validation_entries([error], {"password": "hunter2"}))


@given(st.lists(st.text() | st.integers(0, 9)))
def test_a_pointer_can_be_followed_back(steps: list[str | int]) -> None:
    """Every step can be read out of the pointer again."""
    parts = json_pointer(steps).split("/")[1:]
    assert [part.replace("~1", "/").replace("~0", "~") for part in parts] == list(map(str, steps))
