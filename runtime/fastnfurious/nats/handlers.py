"""Handlers: a user's function, and what its signature asks for."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any

from opentelemetry import trace
from pydantic import TypeAdapter

from fastnfurious.core.errors import ConfigurationError
from fastnfurious.nats.contract import Message
from fastnfurious.nats.jetstream.delivery import Delivery
from fastnfurious.nats.payloads import Decoder, decoder_for

__all__ = ["Handler", "HandlerFunction"]

HandlerFunction = Callable[..., Awaitable[Any]]
"""An async function: its first parameter takes the payload, others what their types say."""

_NEAREST = 3
"""How many callers are searched for names that annotations use."""


class Handler:
    """Call a function with what its signature asks for.

    The first parameter gets the payload, decoded as it is annotated; one annotated with `Message`
    gets the message itself. Further parameters get the message, its headers (``Mapping`` or
    ``dict``), the current OpenTelemetry span or, from a stream, the `Delivery`, by their
    annotations.

    Args:
        function: The user's function.

    Raises:
        ConfigurationError: The function is not async, or asks for what there is not.
    """

    def __init__(self, function: HandlerFunction) -> None:
        self.function = function
        self.name = getattr(function, "__qualname__", repr(function))
        if not inspect.iscoroutinefunction(function):
            raise ConfigurationError(f"{self.name} has to be an async function to take messages")
        signature = _signature(function)
        self.payload_type: Any = None
        self.reply_type: Any = signature.return_annotation
        self._decode: Decoder | None = None
        self._fillers: list[tuple[str, Callable[[Message], Any]]] = []
        wanted = [each for each in signature.parameters.values() if _is_required(each)]
        for position, parameter in enumerate(wanted):
            self._plan(position, parameter)

    @property
    def answers(self) -> bool:
        """Return whether the function may answer requests: one that returns ``None`` does not."""
        return self.reply_type is not None

    @property
    def says_what_it_returns(self) -> bool:
        """Return whether the type of the answers is annotated."""
        return self.reply_type is not inspect.Signature.empty

    @cached_property
    def schemas(self) -> dict[str, str]:
        """Return the JSON schemas of what it takes and returns, as far as they are annotated."""
        wanted = {"request_schema": self.payload_type, "response_schema": self.reply_type}
        return {name: text for name, kind in wanted.items() if (text := _schema(kind))}

    def _plan(self, position: int, parameter: inspect.Parameter) -> None:
        filler = _FILLERS.get(_origin(parameter.annotation))
        if position == 0 and (filler is None or parameter.annotation is not Message):
            self.payload_type = parameter.annotation
            self._decode = decoder_for(parameter.annotation)
        elif filler is not None:
            self._fillers.append((parameter.name, filler))
        else:
            raise ConfigurationError(
                f"The parameter {parameter.name!r} of {self.name} cannot be filled: after the "
                "payload, a handler may ask for Message, Mapping[str, str] (the headers), Delivery "
                "or Span"
            )

    def bind(self, message: Message) -> Callable[[], Awaitable[Any]]:
        """Return a call of the function for a message.

        Raises:
            InvalidPayload: The payload does not fit the annotation.
        """
        payload = () if self._decode is None else (self._decode(message.data),)
        others = {name: fill(message) for name, fill in self._fillers}
        return lambda: self.function(*payload, **others)


def _schema(annotation: Any) -> str:
    if annotation in (None, bytes, Any, inspect.Parameter.empty):
        return ""
    return json.dumps(TypeAdapter(annotation).json_schema(), separators=(",", ":"))


def _is_required(parameter: inspect.Parameter) -> bool:
    named = parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return named and parameter.default is parameter.empty


def _origin(annotation: Any) -> Any:
    return getattr(annotation, "__origin__", annotation)


def _headers(message: Message) -> dict[str, str]:
    return dict(message.headers)


_FILLERS: dict[Any, Callable[[Message], Any]] = {
    Message: lambda message: message,
    Mapping: _headers,
    dict: _headers,
    trace.Span: lambda message: trace.get_current_span(),
    Delivery: Delivery.of,
}


def _signature(function: HandlerFunction) -> inspect.Signature:
    """Return the signature with its annotations resolved, names local to its callers included."""
    try:
        return inspect.signature(function, eval_str=True)
    except NameError as error:
        names, missing = _local_names(), error
    try:
        return inspect.signature(function, eval_str=True, locals=names)
    except NameError:
        raise ConfigurationError(
            f"An annotation of {function.__qualname__} cannot be resolved: {missing}"
        ) from missing


def _local_names() -> dict[str, Any]:
    """Return the local variables of the nearest callers; the nearest one's hide the others'."""
    frame, found = sys._getframe(3), dict[str, Any]()
    for _ in range(_NEAREST):
        found = {**frame.f_locals, **found}
        if frame.f_back is None:
            break
        frame = frame.f_back
    return found
