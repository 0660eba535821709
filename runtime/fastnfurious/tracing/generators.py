"""Running a generator within a span.

The span is current only while the generator itself runs: between two items its consumer runs, and
the consumer's spans must not become children of the generator's.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace

from fastnfurious.tracing.span import Span

__all__ = ["end_span", "follow_async_generator", "follow_generator"]


def end_span(span: Span, error: BaseException | None) -> None:
    """End a span; an error marks it as failed, a cancellation or a closed generator does not."""
    if isinstance(error, Exception):
        span.record_error(error)
    span.otel.end()


def follow_generator(
    start: Callable[[], Span], generator: Generator[Any, Any, Any]
) -> Generator[Any, Any, Any]:
    """Run a generator within a span, from its first item to its end."""
    span = start()
    step: Callable[[], Any] = partial(generator.send, None)
    try:
        while True:
            try:
                with _current(span):
                    item = step()
            except StopIteration as stop:
                result = stop.value
                break
            try:
                step = partial(generator.send, (yield item))
            except GeneratorExit:
                generator.close()
                raise
            except BaseException as error:
                step = partial(generator.throw, error)
    except BaseException as error:
        end_span(span, error)
        raise
    end_span(span, None)
    return result


async def follow_async_generator(
    start: Callable[[], Span], generator: AsyncGenerator[Any, Any]
) -> AsyncGenerator[Any, Any]:
    """Run an async generator within a span, from its first item to its end."""
    span = start()
    step: Callable[[], Any] = partial(generator.asend, None)
    try:
        while True:
            try:
                with _current(span):
                    item = await step()
            except StopAsyncIteration:
                break
            try:
                step = partial(generator.asend, (yield item))
            except GeneratorExit:
                await generator.aclose()
                raise
            except BaseException as error:
                step = partial(generator.athrow, error)
    except BaseException as error:
        end_span(span, error)
        raise
    end_span(span, None)


@contextmanager
def _current(span: Span) -> Iterator[None]:
    token = otel_context.attach(trace.set_span_in_context(span.otel))
    try:
        yield
    finally:
        otel_context.detach(token)
