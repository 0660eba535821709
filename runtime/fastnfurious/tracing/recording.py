"""Recording with OpenTelemetry's SDK; imported only when there is something to record with."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SimpleSpanProcessor,
)
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes

from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.tracing.identifiers import TraceIdentifiers
from fastnfurious.tracing.sampling import Sampling
from fastnfurious.tracing.settings import TracesExporter, TracingSettings

__all__ = ["make_processors", "make_provider", "make_resource"]


def make_provider(
    settings: TracingSettings,
    service: FastNFuriousSettings,
    *,
    sampling: Sampling,
    identifiers: TraceIdentifiers,
    processors: Iterable[SpanProcessor],
) -> TracerProvider:
    """Return a provider of the SDK that samples, names and numbers as the settings say."""
    provider = TracerProvider(
        sampler=_SdkSampler(sampling),
        resource=make_resource(settings, service),
        id_generator=_SdkIdentifiers(identifiers),
        shutdown_on_exit=False,
    )
    for processor in processors:
        provider.add_span_processor(processor)
    return provider


def make_resource(settings: TracingSettings, service: FastNFuriousSettings) -> Resource:
    """Return who records: the standard variables win over the service's own settings."""
    attributes: dict[str, str] = {
        "service.name": service.service_name,
        "service.version": service.service_version,
        "deployment.environment.name": service.environment.value,
        **settings.attributes,
    }
    if settings.service_name:
        attributes["service.name"] = settings.service_name
    return Resource.create(attributes)


def make_processors(settings: TracingSettings) -> Sequence[SpanProcessor]:
    """Return what the settings ask for: a batch exporter, the console, or nothing."""
    if settings.traces_exporter is TracesExporter.CONSOLE:
        return (SimpleSpanProcessor(ConsoleSpanExporter(out=sys.stdout)),)
    if settings.endpoint is None or settings.traces_exporter is TracesExporter.NONE:
        return ()
    from fastnfurious.tracing.exporter import make_exporter

    return (
        BatchSpanProcessor(
            make_exporter(settings, settings.endpoint),
            max_queue_size=settings.bsp_max_queue_size,
            schedule_delay_millis=settings.bsp_schedule_delay,
            max_export_batch_size=settings.bsp_max_export_batch_size,
            export_timeout_millis=settings.bsp_export_timeout,
        ),
    )


class _SdkIdentifiers(IdGenerator):
    """Hand our ids to the SDK."""

    def __init__(self, identifiers: TraceIdentifiers) -> None:
        self._identifiers = identifiers

    def generate_trace_id(self) -> int:
        return self._identifiers.generate_trace_id()

    def generate_span_id(self) -> int:
        return self._identifiers.generate_span_id()

    def is_trace_id_random(self) -> bool:
        return True


class _SdkSampler(Sampler):
    """Take in the SDK the same decision that is taken for requests before the SDK is asked."""

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        parent = get_current_span(parent_context).get_span_context()
        flags = parent.trace_flags if parent.is_valid else None
        state = parent.trace_state if parent.is_valid else None
        if self._sampling.decide(trace_id, flags):
            return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes, state)
        return SamplingResult(Decision.DROP, None, state)

    def get_description(self) -> str:
        return str(self._sampling)
