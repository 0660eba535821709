"""What a service sees of its store: a span and a duration for each operation."""

from __future__ import annotations

from contextlib import AbstractContextManager
from time import perf_counter
from types import TracebackType

from opentelemetry.trace import Span, SpanKind, StatusCode, get_current_span, get_tracer

from fastnfurious.core.errors import ResourceNotFound
from fastnfurious.core.instruments import Instruments, Measuring, Observing, SilentInstruments

__all__ = ["Observer"]

_tracer = get_tracer("fastnfurious.s3")


class Observer:
    """Measure operations, and show them in traces.

    Args:
        instruments: Makes the metrics; by default nothing is measured.

    Attributes:
        connections: How many connections are in use.

    Example:
        >>> with Observer().operation("get", "models", "42.onnx"):
        ...     pass
    """

    def __init__(self, instruments: Instruments | None = None) -> None:
        instruments = instruments or SilentInstruments()
        self._seconds = instruments.histogram(
            "s3_operation_duration_seconds",
            "How long operations on objects took.",
            labels=["operation", "outcome"],
        )
        self._measured: dict[tuple[str, str], Observing] = {}
        self.connections: Measuring = instruments.gauge(
            "s3_connections_in_use", "Connections to the S3 server that are in use."
        )

    def operation(self, name: str, bucket: str, key: str) -> AbstractContextManager[None]:
        """Observe what happens inside a ``with`` block.

        Args:
            name: What is done, in a word.
            bucket: Name of the bucket.
            key: Key of the object.
        """
        return _Operation(self, name, bucket, key)

    def took(self, name: str, outcome: str, seconds: float) -> None:
        """Say how long an operation took, and how it ended."""
        measured = self._measured.get((name, outcome))
        if measured is None:
            measured = self._measured[name, outcome] = self._seconds.labels(name, outcome)
        measured.observe(seconds)


# A class: a generator and a span that nobody records cost more than a small object's way here.
class _Operation:
    __slots__ = ("_begun", "_bucket", "_key", "_name", "_observer", "_span")

    def __init__(self, observer: Observer, name: str, bucket: str, key: str) -> None:
        self._observer = observer
        self._name = name
        self._bucket = bucket
        self._key = key

    def __enter__(self) -> None:
        self._span = self._start_span()
        self._begun = perf_counter()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        seconds = perf_counter() - self._begun
        outcome = "ok" if error is None else type(error).__name__
        if self._span is not None:
            _end(self._span, error, outcome)
        self._observer.took(self._name, outcome, seconds)

    def _start_span(self) -> Span | None:
        current = get_current_span()
        if not current.is_recording() and current.get_span_context().is_valid:
            return None  # the trace is not sampled
        return _tracer.start_span(
            f"s3 {self._name}",
            kind=SpanKind.CLIENT,
            attributes={"aws.s3.bucket": self._bucket, "aws.s3.key": self._key},
        )


def _end(span: Span, error: BaseException | None, outcome: str) -> None:
    if error is not None:
        span.set_attribute("error.type", outcome)
        # That something is not there is an answer, not a failure.
        if not isinstance(error, ResourceNotFound):
            span.set_status(StatusCode.ERROR, outcome)
    span.end()
