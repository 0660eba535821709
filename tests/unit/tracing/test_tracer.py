"""Child spans: as a block, as a decorator, nested with OpenTelemetry's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import aclosing
from datetime import date
from typing import assert_type

import pytest
from opentelemetry import trace

from fastnfurious.tracing import RecordedSpans, Tracing

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run the async tests on asyncio."""
    return "asyncio"


async def test_async_with_opens_a_span(tracing: Tracing, spans: RecordedSpans) -> None:
    """The span is current inside the block and carries the tags set on it."""
    async with tracing.tracer.create_child_span("price", currency="EUR") as span:
        assert tracing.tracer.current_span.span_id == span.span_id
        span.set_tags({"basket.size": 3, "basket.day": date(2026, 1, 2), "nothing": None})
    assert dict(spans.get("price").tags) == {
        "currency": "EUR",
        "basket.size": 3,
        "basket.day": "2026-01-02",
    }


def test_with_opens_a_span(tracing: Tracing, spans: RecordedSpans) -> None:
    """A plain block works the same, and nests."""
    with tracing.tracer.create_child_span("outer"):
        with tracing.tracer.create_child_span("inner"):
            pass
    assert spans.tree() == "outer\n  inner"


def test_the_span_before_is_current_again(tracing: Tracing, spans: RecordedSpans) -> None:
    """After the block nothing is current, also when it raised."""
    with pytest.raises(KeyError), tracing.tracer.create_child_span("fails"):
        raise KeyError("sugar")
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_an_error_marks_the_span_as_failed(tracing: Tracing, spans: RecordedSpans) -> None:
    """The error's class and stack trace are kept on the span."""
    with pytest.raises(KeyError), tracing.tracer.create_child_span("fails"):
        raise KeyError("sugar")
    span = spans.get("fails")
    assert span.failed
    assert span.tags["error.type"] == "KeyError"
    assert span.events["exception"]["exception.type"] == "KeyError"


async def test_a_cancelled_block_is_not_an_error(tracing: Tracing, spans: RecordedSpans) -> None:
    """Cancelling a task ends its span without marking it as failed."""

    async def wait() -> None:
        async with tracing.tracer.create_child_span("waits"):
            await asyncio.sleep(60)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not spans.get("waits").failed


def test_a_span_is_for_one_block(tracing: Tracing, spans: RecordedSpans) -> None:
    """Entering the same span again says what to do instead."""
    child = tracing.tracer.create_child_span("once")
    with child:
        with pytest.raises(RuntimeError, match="'once' was entered twice"):
            with child:
                pass


def test_a_function_runs_in_a_span(tracing: Tracing, spans: RecordedSpans) -> None:
    """Each call has a span of its own, recursive ones too, and the function keeps its name."""

    @tracing.tracer.create_child_span("factorial")
    def factorial(number: int) -> int:
        """Multiply."""
        return number * factorial(number - 1) if number else 1

    assert assert_type(factorial(2), int) == 2
    assert spans.tree() == "factorial\n  factorial\n    factorial"
    assert factorial.__name__ == "factorial" and factorial.__doc__ == "Multiply."


async def test_a_coroutine_runs_in_a_span(tracing: Tracing, spans: RecordedSpans) -> None:
    """Concurrent calls of one decorated coroutine keep their spans apart."""

    @tracing.tracer.create_child_span("step")
    async def step() -> str:
        await asyncio.sleep(0)
        return tracing.tracer.current_span.span_id

    with tracing.tracer.create_child_span("all"):
        ids = await asyncio.gather(step(), step(), step())
    assert len(set(ids)) == 3
    assert {span.span_id for span in spans.children(spans.get("all"))} == set(ids)


def test_a_generator_runs_in_a_span(tracing: Tracing, spans: RecordedSpans) -> None:
    """The generator's span is current in the generator, not in the loop that consumes it."""

    @tracing.tracer.create_child_span("rows")
    def rows() -> Iterator[str]:
        with tracing.tracer.create_child_span("fetch"):
            pass
        yield tracing.tracer.current_span.span_id

    for row in rows():
        assert row != "0" * 16
        assert tracing.tracer.current_span.span_id == "0" * 16
        with tracing.tracer.create_child_span("use"):
            pass
    assert spans.tree() == "rows\n  fetch\nuse"


async def test_an_async_generator_runs_in_a_span(tracing: Tracing, spans: RecordedSpans) -> None:
    """An async generator behaves the same."""

    @tracing.tracer.create_child_span("rows")
    async def rows() -> AsyncIterator[int]:
        with tracing.tracer.create_child_span("fetch"):
            pass
        yield 1
        yield 2

    found = []
    async for row in rows():
        with tracing.tracer.create_child_span("use"):
            found.append(row)
    assert found == [1, 2]
    assert spans.tree() == "rows\n  fetch\nuse\nuse"


def test_a_generator_keeps_its_protocol(tracing: Tracing, spans: RecordedSpans) -> None:
    """What is sent, thrown and returned goes through; an abandoned generator is cleaned up."""
    seen: list[str] = []

    @tracing.tracer.create_child_span("talk")
    def talk() -> Generator[str, str, str]:
        try:
            try:
                seen.append((yield "hello"))
            except ValueError:
                seen.append("caught")
                yield "recovered"
            yield "more"
            return "result"
        finally:
            seen.append("cleaned")

    first = talk()
    assert next(first) == "hello"
    assert first.send("sent") == "more"
    with pytest.raises(StopIteration) as stop:
        next(first)
    assert stop.value.value == "result"

    second = talk()
    next(second)
    assert second.throw(ValueError("thrown")) == "recovered"
    second.close()
    assert seen == ["sent", "cleaned", "caught", "cleaned"]
    assert [span.failed for span in spans] == [False, False]


def test_an_error_in_a_generator_marks_its_span(tracing: Tracing, spans: RecordedSpans) -> None:
    """A generator that raises fails its span, and the consumer gets the error."""

    @tracing.tracer.create_child_span("rows")
    def rows() -> Iterator[int]:
        yield 1
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        list(rows())
    assert spans.get("rows").failed


async def test_an_abandoned_async_generator_ends_its_span(
    tracing: Tracing, spans: RecordedSpans
) -> None:
    """Closing an async generator early runs its clean-up and ends the span without an error."""
    seen: list[str] = []

    @tracing.tracer.create_child_span("rows")
    async def rows() -> AsyncGenerator[int, None]:
        try:
            yield 1
            yield 2
        finally:
            seen.append("cleaned")

    async with aclosing(rows()) as generator:
        async for _ in generator:
            break
    assert seen == ["cleaned"]
    assert not spans.get("rows").failed


def test_plain_opentelemetry_nests_both_ways(tracing: Tracing, spans: RecordedSpans) -> None:
    """A library that uses OpenTelemetry's API finds our span, and we find the library's."""
    library = trace.get_tracer("library")
    with tracing.tracer.create_child_span("ours"):
        with library.start_as_current_span("theirs"):
            with tracing.tracer.create_child_span("ours again"):
                pass
    assert spans.tree() == "ours\n  theirs\n    ours again"


def test_without_anything_to_record_with_a_span_keeps_nothing(tracing: Tracing) -> None:
    """Child spans in an application without tracing do nothing, quietly."""
    with tracing.tracer.create_child_span("nothing") as span:
        span.set_tag("a", 1)
        span.add_event("happened", {"b": 2})
        span.record_error(ValueError("ignored"))
        assert not span.is_recorded
    assert repr(span) == f"<Span trace_id={'0' * 32} span_id={'0' * 16}>"


def test_the_current_span_can_be_described_anywhere(tracing: Tracing, spans: RecordedSpans) -> None:
    """Code that did not open a span can add tags, events and errors to the current one."""
    with tracing.tracer.create_child_span("work"):
        current = tracing.tracer.current_span
        current.set_tag("items", ["a", date(2026, 1, 2)])
        current.add_event("halfway", {"percent": 50})
        current.record_error(ValueError("bad"))
    span = spans.get("work")
    assert span.tags["items"] == ("a", "2026-01-02")
    assert span.events["halfway"] == {"percent": 50}
    assert span.failed
