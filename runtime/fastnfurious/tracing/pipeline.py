"""Where spans go at the moment: nowhere, until tracing is opened with something to record them."""

from __future__ import annotations

from dataclasses import dataclass, field

from opentelemetry import trace
from opentelemetry.context import Context, create_key, set_value

from fastnfurious.tracing.sampling import Sampling

__all__ = ["PROVIDER_KEY", "Pipeline"]

PROVIDER_KEY = create_key("fastnfurious-tracer-provider")
"""Key of the OpenTelemetry context under which a request carries its application's provider."""


@dataclass(slots=True)
class Pipeline:
    """Hold what recording needs; exchanged as a whole when tracing opens and closes.

    Attributes:
        provider: Makes tracers for other libraries.
        tracer: Makes our own spans.
        sampling: Decides before a request's span is built; ``None`` leaves that to the tracer.
        recording: Whether anything records spans.
        context: The OpenTelemetry context that a request starts from.
    """

    provider: trace.TracerProvider = field(default_factory=trace.NoOpTracerProvider)
    tracer: trace.Tracer = field(default_factory=trace.NoOpTracer)
    sampling: Sampling | None = None
    recording: bool = False
    context: Context = field(default_factory=Context)

    def use(self, provider: trace.TracerProvider, sampling: Sampling | None) -> None:
        """Record spans with this provider from now on."""
        context = set_value(PROVIDER_KEY, provider, Context())
        tracer = provider.get_tracer("fastnfurious")
        self.restore(Pipeline(provider, tracer, sampling, True, context))

    def stop(self) -> None:
        """Record nothing from now on."""
        self.restore(Pipeline())

    def restore(self, other: Pipeline) -> None:
        """Go on as another pipeline."""
        self.provider, self.tracer = other.provider, other.tracer
        self.sampling, self.recording = other.sampling, other.recording
        self.context = other.context
