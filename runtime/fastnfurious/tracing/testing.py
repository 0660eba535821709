"""Spans kept in memory, for tests to look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, SpanKind, StatusCode
from opentelemetry.util.types import AnyValue

from fastnfurious.tracing.integration import Tracing

__all__ = ["RecordedSpan", "RecordedSpans"]

_NOWHERE = SpanContext(0, 0, is_remote=False)


class RecordedSpan:
    """Look at a span that has ended.

    Args:
        otel: What OpenTelemetry would export.

    Attributes:
        otel: The same.
    """

    __slots__ = ("otel",)

    def __init__(self, otel: ReadableSpan) -> None:
        self.otel = otel

    @property
    def name(self) -> str:
        """Return the span's name."""
        return self.otel.name

    @property
    def kind(self) -> SpanKind:
        """Return the span's part in a conversation between services."""
        return self.otel.kind

    @property
    def tags(self) -> Mapping[str, AnyValue]:
        """Return the span's attributes."""
        return self.otel.attributes or {}

    @property
    def trace_id(self) -> str:
        """Return the trace's id, 32 hexadecimal digits."""
        return f"{(self.otel.context or _NOWHERE).trace_id:032x}"

    @property
    def span_id(self) -> str:
        """Return the span's id, 16 hexadecimal digits."""
        return f"{(self.otel.context or _NOWHERE).span_id:016x}"

    @property
    def parent_id(self) -> str | None:
        """Return the parent's id; ``None`` at the root of a trace."""
        return f"{self.otel.parent.span_id:016x}" if self.otel.parent else None

    @property
    def failed(self) -> bool:
        """Return whether the span was marked as failed."""
        return self.otel.status.status_code is StatusCode.ERROR

    @property
    def events(self) -> Mapping[str, Mapping[str, AnyValue]]:
        """Return the attributes of the span's events by name; the last one of each."""
        return {event.name: event.attributes or {} for event in self.otel.events}

    def is_child_of(self, other: RecordedSpan) -> bool:
        """Return whether the other span is this one's parent."""
        return self.trace_id == other.trace_id and self.parent_id == other.span_id

    def __repr__(self) -> str:
        """Return the name and the ids."""
        return f"<RecordedSpan {self.name!r} span_id={self.span_id} parent_id={self.parent_id}>"


class RecordedSpans:
    """Keep every span of an application in memory, for the length of a ``with`` block.

    Nothing is exported meanwhile, and every trace is sampled that the caller did not decline.

    Args:
        tracing: The application's tracing, opened or not: ``app.tracing``.

    Example:
        >>> from fastnfurious.core.settings import FastNFuriousSettings
        >>> from fastnfurious.tracing.settings import TracingSettings
        >>> tracing = Tracing(TracingSettings(), FastNFuriousSettings())
        >>> with RecordedSpans(tracing) as spans:
        ...     with tracing.tracer.create_child_span("basket", size=2):
        ...         with tracing.tracer.create_child_span("price"):
        ...             pass
        >>> print(spans.tree())
        basket
          price
        >>> spans.get("basket").tags["size"]
        2
    """

    def __init__(self, tracing: Tracing) -> None:
        self._tracing = tracing
        self._exporter = InMemorySpanExporter()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Begin to keep spans."""
        self._stack.enter_context(self._tracing.divert(SimpleSpanProcessor(self._exporter)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let the application record as before; what was kept stays."""
        self._stack.close()

    def __iter__(self) -> Iterator[RecordedSpan]:
        """Iterate over the spans that have ended, in the order of their ends."""
        return map(RecordedSpan, self._exporter.get_finished_spans())

    def __len__(self) -> int:
        """Return how many spans have ended."""
        return len(self._exporter.get_finished_spans())

    def clear(self) -> None:
        """Forget every span."""
        self._exporter.clear()

    def all(self, name: str | None = None, **tags: object) -> list[RecordedSpan]:
        """Return the spans of that name that carry all these tags."""
        return [
            span
            for span in self
            if name in (None, span.name)
            and all(span.tags.get(tag) == value for tag, value in tags.items())
        ]

    def find(self, name: str, **tags: object) -> RecordedSpan | None:
        """Return the first such span, or ``None``."""
        return next(iter(self.all(name, **tags)), None)

    def get(self, name: str, **tags: object) -> RecordedSpan:
        """Return the first such span.

        Raises:
            LookupError: There is none; the message shows what there is.
        """
        found = self.find(name, **tags)
        if found is None:
            wanted = f"{name!r} with {tags}" if tags else repr(name)
            raise LookupError(f"No span {wanted} has ended; these have:\n{self.tree() or 'none'}")
        return found

    def children(self, parent: RecordedSpan) -> list[RecordedSpan]:
        """Return the spans directly below another one, by their start."""
        return sorted((span for span in self if span.is_child_of(parent)), key=_start)

    def tree(self) -> str:
        """Return the names of all spans, one a line, each child indented below its parent."""
        known = {span.span_id for span in self}
        roots = sorted((span for span in self if span.parent_id not in known), key=_start)
        return "\n".join(line for root in roots for line in self._lines(root, ""))

    def _lines(self, span: RecordedSpan, indent: str) -> Iterator[str]:
        yield f"{indent}{span.name}"
        for child in self.children(span):
            yield from self._lines(child, f"{indent}  ")


def _start(span: RecordedSpan) -> int:
    return span.otel.start_time or 0
