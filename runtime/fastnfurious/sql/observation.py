"""What is known about a statement afterwards: a span, a duration, a line when it was slow."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from fastnfurious.core.instruments import Instruments, Observing, SilentInstruments
from fastnfurious.sql.statement import Statement

__all__ = ["Begun", "Observation"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Begun:
    """Remember a statement that is running.

    Attributes:
        statement: The statement.
        at: When it began, by the clock of the process.
        span: Its span; ``None`` when nobody records.
    """

    statement: Statement
    at: float
    span: Span | None


class Observation:
    """Observe the statements of one database.

    Args:
        system: Its name in OpenTelemetry's words, ``postgresql`` or ``sqlite``.
        namespace: Name of the database.
        slow_seconds: A statement that takes longer is logged.
        instruments: Makes the metrics.

    *Source:* https://opentelemetry.io/docs/specs/semconv/database/database-spans/
    """

    def __init__(
        self,
        system: str,
        namespace: str,
        slow_seconds: float,
        instruments: Instruments | None = None,
    ) -> None:
        instruments = instruments or SilentInstruments()
        self._attributes = {"db.system.name": system, "db.namespace": namespace}
        self._slow_seconds = slow_seconds
        self._tracer = trace.get_tracer(__name__)
        self._duration = instruments.histogram(
            "db_client_operation_duration_seconds",
            "Seconds that statements take.",
            labels=["operation"],
        )
        self._durations: dict[str, Observing] = {}
        self._used = instruments.gauge(
            "db_client_connections_in_use", "Connections of the pool that are in use."
        )
        self._exhausted = instruments.counter(
            "db_client_connection_timeouts", "Requests that waited in vain for a connection."
        )

    @contextmanager
    def watch(self, statement: Statement) -> Iterator[None]:
        """Observe the statement that runs in a ``with`` block."""
        begun = self.begin(statement)
        try:
            yield
        except BaseException as error:
            self.end(begun, error)
            raise
        self.end(begun)

    def begin(self, statement: Statement) -> Begun:
        """Say that a statement begins to run."""
        return Begun(statement, time.perf_counter(), self._start_span(statement))

    def end(self, begun: Begun, error: BaseException | None = None) -> None:
        """Say that a statement has run, or failed."""
        seconds = time.perf_counter() - begun.at
        if begun.span is not None:
            _end_span(begun.span, error)
        self._observe(begun.statement.operation, seconds)
        if seconds > self._slow_seconds:
            _logger.warning("slow statement, %.3f s: %s", seconds, begun.statement.text)

    def connections(self, used: int) -> None:
        """Say how many connections are in use."""
        self._used.set(used)

    def exhausted(self) -> None:
        """Say that nobody gave a connection back in time."""
        self._exhausted.inc()

    def _observe(self, operation: str, seconds: float) -> None:
        duration = self._durations.get(operation)
        if duration is None:
            duration = self._durations[operation] = self._duration.labels(operation)
        duration.observe(seconds)

    def _start_span(self, statement: Statement) -> Span | None:
        if not trace.get_current_span().is_recording():
            return None
        operation = statement.operation
        return self._tracer.start_span(
            operation,
            kind=SpanKind.CLIENT,
            attributes={
                **self._attributes,
                "db.operation.name": operation,
                "db.query.text": statement.text,
            },
        )


def _end_span(span: Span, error: BaseException | None) -> None:
    if error is not None:
        # The message of an error may hold values; its type does not.
        span.set_attribute("error.type", type(error).__name__)
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))
    span.end()
