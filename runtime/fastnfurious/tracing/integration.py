"""Tracing of one application: opened before its first request, flushed after its last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.tracing.identifiers import TraceIdentifiers
from fastnfurious.tracing.pipeline import Pipeline
from fastnfurious.tracing.request_spans import RequestSpans
from fastnfurious.tracing.settings import TracingSettings
from fastnfurious.tracing.tracer import Tracer

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

__all__ = ["Tracing"]


class Tracing:
    """Record what an application does as traces.

    Args:
        settings: The standard ``OTEL_*`` variables.
        service: Name, version and environment, shown on every span.
        processors: OpenTelemetry span processors of your own, beside the exporter.
        identifiers: Makes the ids.

    Attributes:
        tracer: Makes child spans.
        requests: Makes the spans of requests.
    """

    name = "tracing"

    def __init__(
        self,
        settings: TracingSettings,
        service: FastNFuriousSettings,
        *,
        processors: Sequence[SpanProcessor] = (),
        identifiers: TraceIdentifiers | None = None,
    ) -> None:
        self.settings = settings
        self.service = service
        self._processors = tuple(processors)
        self._identifiers = identifiers or TraceIdentifiers()
        self._pipeline = Pipeline()
        self.tracer = Tracer(self._pipeline)
        self.requests = RequestSpans(self._pipeline, self._identifiers)

    async def open(self) -> None:
        """Start to record, if there is anything to record with."""

    async def aclose(self) -> None:
        """Export what is left and stop recording."""
        self._pipeline.stop()
