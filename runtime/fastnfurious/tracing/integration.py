"""Tracing of one application: opened before its first request, flushed after its last."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from threading import Thread
from typing import TYPE_CHECKING

from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.tracing.identifiers import TraceIdentifiers
from fastnfurious.tracing.pipeline import Pipeline
from fastnfurious.tracing.process_provider import foreign_provider, join_process, leave_process
from fastnfurious.tracing.request_spans import RequestSpans
from fastnfurious.tracing.sampling import Sampling
from fastnfurious.tracing.settings import SamplerName, TracesExporter, TracingSettings
from fastnfurious.tracing.tracer import Tracer

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

__all__ = ["Tracing"]

_logger = logging.getLogger(__name__)


class Tracing:
    """Record what an application does as traces.

    Nothing of OpenTelemetry's SDK is imported, and no span is built, until there is something to
    record with: an endpoint, the console, or a processor.

    Args:
        settings: The standard ``OTEL_*`` variables.
        service: Name, version and environment, shown on every span.
        processors: Span processors of your own, beside the exporter.
        identifiers: Makes the ids.

    Attributes:
        tracer: Makes child spans.
        requests: Makes the spans of requests.

    Example:
        >>> tracing = Tracing(TracingSettings(), FastNFuriousSettings())
        >>> async def serve() -> None:
        ...     await tracing.open()
        ...     async with tracing.tracer.create_child_span("tidy up"):
        ...         pass
        ...     await tracing.aclose()
        >>> asyncio.run(serve())
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
        self._provider: TracerProvider | None = None
        self._diverted = False
        self.tracer = Tracer(self._pipeline)
        self.requests = RequestSpans(self._pipeline, self._identifiers)

    @property
    def recording(self) -> bool:
        """Return whether spans are recorded at the moment."""
        return self._pipeline.recording

    async def open(self) -> None:
        """Start to record, if there is anything to record with; opening twice changes nothing."""
        if self.settings.sdk_disabled or self._pipeline.recording:
            return
        foreign = foreign_provider()
        if foreign is not None and not self._processors:
            # Somebody has set up tracing for the whole process: our spans belong into their
            # traces, sampled by their rules, and a second exporter would send everything twice.
            self._pipeline.use(foreign, None)
        elif self._processors or self._exports:
            self._provider = self._record(self.settings.traces_sampler)

    @property
    def _exports(self) -> bool:
        if self.settings.traces_exporter is TracesExporter.CONSOLE:
            return True
        return self.settings.endpoint is not None and (
            self.settings.traces_exporter is not TracesExporter.NONE
        )

    def _record(
        self, sampler: SamplerName, only: Sequence[SpanProcessor] | None = None
    ) -> TracerProvider:
        from fastnfurious.tracing.recording import make_processors, make_provider

        sampling = Sampling(sampler, self.settings.traces_sampler_arg)
        own = (*self._processors, *make_processors(self.settings)) if only is None else only
        provider = make_provider(
            self.settings,
            self.service,
            sampling=sampling,
            identifiers=self._identifiers,
            processors=own,
        )
        self._pipeline.use(provider, sampling)
        join_process(provider)
        return provider

    @contextmanager
    def divert(self, processor: SpanProcessor) -> Iterator[None]:
        """Record every span with this processor alone for the length of the block, as tests do.

        Opening and closing within the block changes nothing about that.

        Args:
            processor: What gets the spans.
        """
        before = copy(self._pipeline)
        provider = self._record(SamplerName.PARENT_ALWAYS_ON, (processor,))
        self._diverted = True
        try:
            yield
        finally:
            self._diverted = False
            leave_process(provider)
            self._pipeline.restore(before)

    async def aclose(self) -> None:
        """Export the last spans, for as long as ``TRACING_FLUSH_TIMEOUT`` allows, and stop."""
        if not self._diverted:
            self._pipeline.stop()
        provider, self._provider = self._provider, None
        if provider is None:
            return
        leave_process(provider)
        if not await _finished(provider, self.settings.flush_timeout):
            _logger.warning(
                "The last spans could not be exported within %g s and are lost: see whether the "
                "collector can be reached, or raise TRACING_FLUSH_TIMEOUT",
                self.settings.flush_timeout,
            )


async def _finished(provider: TracerProvider, seconds: float) -> bool:
    """Shut a provider down, and return whether it was done in time.

    A thread of its own that nobody waits for: the event loop's pool would be joined at exit, and
    a collector that hangs would hold the process.
    """
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def shut_down() -> None:
        try:
            provider.shutdown()
        except Exception:
            _logger.warning("Tracing could not be shut down cleanly", exc_info=True)
        finally:
            try:
                loop.call_soon_threadsafe(done.set)
            except RuntimeError:  # the loop has ended; nobody waits any more
                pass

    Thread(target=shut_down, name="tracing-flush", daemon=True).start()
    try:
        await asyncio.wait_for(done.wait(), seconds)
    except TimeoutError:
        return False
    return True
