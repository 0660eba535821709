"""Any value as data that JSON can hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, model_serializer

from fastnfurious.application.plain import plain


class Colour(Enum):
    """An enumeration."""

    RED = "red"


class Box(BaseModel):
    """A model."""

    size: float
    made: datetime


class Broken(BaseModel):
    """A model that cannot be serialised."""

    @model_serializer
    def serialise(self) -> Any:
        """Fail."""
        raise ZeroDivisionError


class Rude:
    """An object that answers nothing."""

    def __repr__(self) -> str:
        """Fail."""
        raise RuntimeError("no")

    __str__ = __repr__


class RudeKey(Rude):
    """The same, as a key."""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), None),
        (float("-inf"), None),
        (b"ok \xff", "ok \ufffd"),
        ("lone \ud800", "lone ?"),
        ({1, 1}, [1]),
        ((1, (2,)), [1, [2]]),
        ({None: 1, 2: 3, b"k": 4}, {"None": 1, "2": 3, "k": 4}),
        (Decimal("1.5"), "1.5"),
        (UUID(int=0), "00000000-0000-0000-0000-000000000000"),
        (Colour.RED, "red"),
        (Box(size=float("inf"), made=datetime(2030, 1, 1, tzinfo=UTC)), None),
        (Broken(), "Broken"),
        (Rude(), "Rude"),
        ({RudeKey(): Rude}, {"RudeKey": "type"}),
        (lambda: None, "function"),
        (2**100, 2**100),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_become_data(value: object, expected: object) -> None:
    """What JSON cannot hold is replaced, the rest is kept."""
    found = plain(value)
    if isinstance(value, Box):
        expected = {"size": None, "made": "2030-01-01T00:00:00Z"}
    assert found == expected
    json.dumps(found, allow_nan=False).encode()


def test_a_circle_comes_to_an_end() -> None:
    """A value that holds itself is cut off."""
    circle: list[Any] = []
    circle.append(circle)
    json.dumps(plain(circle))


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(st.characters())
        | st.binary()
        | st.decimals()
        | st.dates(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    )
)
def test_whatever_comes_can_be_sent(value: object) -> None:
    """No value keeps an error from reaching the client."""
    json.dumps(plain(value), ensure_ascii=False, allow_nan=False).encode("utf-8")
