"""What a service sees of its store: a span and a duration for each operation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from opentelemetry.trace import SpanKind, StatusCode, get_tracer

from fastnfurious.core.errors import ResourceNotFound
from fastnfurious.core.instruments import Instruments, Measuring, SilentInstruments

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
        self.connections: Measuring = instruments.gauge(
            "s3_connections_in_use", "Connections to the S3 server that are in use."
        )

    @contextmanager
    def operation(self, name: str, bucket: str, key: str) -> Iterator[None]:
        """Observe what happens inside a ``with`` block.

        Args:
            name: What is done, in a word.
            bucket: Name of the bucket.
            key: Key of the object.
        """
        begun, outcome = perf_counter(), "ok"
        # Not OpenTelemetry's own recording of errors: that something is not there is no failure.
        with _tracer.start_as_current_span(
            f"s3 {name}",
            kind=SpanKind.CLIENT,
            attributes={"aws.s3.bucket": bucket, "aws.s3.key": key},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as error:
                outcome = type(error).__name__
                span.set_attribute("error.type", outcome)
                if not isinstance(error, ResourceNotFound):
                    span.set_status(StatusCode.ERROR, outcome)
                raise
            finally:
                self._seconds.labels(name, outcome).observe(perf_counter() - begun)
