"""Handlers: what a signature may ask for, and what is refused when it is written."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.trace import Span
from pydantic import BaseModel

from fastnfurious.core.errors import ConfigurationError
from fastnfurious.nats.contract import InvalidPayload, Message
from fastnfurious.nats.handlers import Handler


async def call(function: Any, data: bytes = b"7") -> object:
    """Call a function with a message."""
    return await Handler(function).bind(Message("a", data, {"K": "v"}))()


async def test_a_handler_may_take_nothing() -> None:
    """A signal needs no payload."""

    async def handler() -> int:
        return 1

    assert await call(handler) == 1


async def test_a_handler_may_take_the_message_alone() -> None:
    """Undecoded."""

    async def handler(message: Message) -> bytes:
        return message.data

    assert await call(handler, b"{") == b"{"


async def test_parameters_with_defaults_are_left_alone() -> None:
    """They are the function's own business."""

    async def handler(number: int, factor: int = 2) -> int:
        return number * factor

    assert await call(handler) == 14


async def test_headers_and_span_are_handed_over() -> None:
    """By the type of the parameter."""

    async def handler(number: int, headers: dict[str, str], span: Span) -> object:
        return headers, span.is_recording()

    assert await call(handler) == ({"K": "v"}, False)


async def test_types_of_the_surrounding_function_are_found() -> None:
    """Annotations are text in modules with postponed evaluation."""

    class Local(BaseModel):
        number: int

    async def handler(value: Local) -> int:
        return value.number

    assert await call(handler, b'{"number": 3}') == 3


def test_a_function_that_is_not_async_is_refused() -> None:
    """It would block every other message."""

    def handler(number: int) -> None:
        """Do nothing."""

    with pytest.raises(ConfigurationError, match="has to be an async function"):
        Handler(handler)  # type: ignore[arg-type]


def test_a_parameter_that_cannot_be_filled_is_refused() -> None:
    """It is named, with what can be asked for."""

    async def handler(number: int, database: object) -> None:
        """Do nothing."""

    with pytest.raises(ConfigurationError, match="'database'.*may ask for Message"):
        Handler(handler)


def test_a_type_that_nothing_decodes_into_is_refused() -> None:
    """When the handler is registered, not with the first message."""

    class Strange:
        """Not known to pydantic."""

    async def handler(value: Strange) -> None:
        """Do nothing."""

    with pytest.raises(ConfigurationError, match="No payload can be decoded into"):
        Handler(handler)


def test_values_that_do_not_fit_are_not_repeated() -> None:
    """They may be secret."""

    async def handler(value: dict[str, int]) -> None:
        """Do nothing."""

    with pytest.raises(InvalidPayload, match="pin: Input should be a valid integer") as caught:
        Handler(handler).bind(Message("a", b'{"pin": "hunter2"}'))
    assert "hunter2" not in str(caught.value)
