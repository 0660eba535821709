"""A span that a service opens itself: around a block, or around a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import aclosing
from contextvars import Token
from types import TracebackType
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind

from fastnfurious.core.around import Around
from fastnfurious.tracing.generators import (
    end_span,
    follow_async_generator,
    follow_generator,
)
from fastnfurious.tracing.pipeline import Pipeline
from fastnfurious.tracing.span import Span, attributes

__all__ = ["ChildSpan"]


class ChildSpan(Around[Span]):
    """Open a span with ``async with``, ``with``, or as a decorator; made by `Tracer`.

    An error that leaves the block marks the span as failed, and goes on. Nothing happens before
    the block is entered or the function called, so a decorator works at import.
    """

    __slots__ = ("_pipeline", "_name", "_kind", "_context", "_tags", "_span", "_token")

    def __init__(
        self,
        pipeline: Pipeline,
        name: str,
        kind: SpanKind,
        context: Context | None,
        tags: Mapping[str, object],
    ) -> None:
        self._pipeline = pipeline
        self._name = name
        self._kind = kind
        self._context = context
        self._tags = tags
        self._span: Span | None = None
        self._token: Token[Context] | None = None

    def __enter__(self) -> Span:
        """Start the span and make it current.

        Raises:
            RuntimeError: The span has been entered before; create another one.
        """
        if self._span is not None:
            raise RuntimeError(
                f"The span {self._name!r} was entered twice: create a new one for each block"
            )
        self._span = span = self._start()
        self._token = otel_context.attach(trace.set_span_in_context(span.otel, self._context))
        return span

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the span and make the one before it current again."""
        if self._token is not None and self._span is not None:
            otel_context.detach(self._token)
            end_span(self._span, error)

    def _start(self) -> Span:
        otel = self._pipeline.tracer.start_span(
            self._name, self._context, self._kind, attributes(self._tags)
        )
        return Span(otel)

    def _fresh(self) -> ChildSpan:
        return ChildSpan(self._pipeline, self._name, self._kind, self._context, self._tags)

    # A generator's span is current only while the generator runs, not while its caller does.

    def _around_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            return (yield from follow_generator(self._start, function(*args, **kwargs)))

        return run

    def _around_async_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def run(*args: Any, **kwargs: Any) -> Any:
            following = follow_async_generator(self._start, function(*args, **kwargs))
            async with aclosing(following):
                async for item in following:
                    yield item

        return run
