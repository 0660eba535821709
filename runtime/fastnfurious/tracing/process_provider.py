"""The tracer provider of the process: it finds the application that a span belongs to.

OpenTelemetry has one provider for each process and lets it be set once. Two applications in one
process, or a hundred one after the other in tests, need their spans kept apart. So this one is set
once, holds nothing itself, and passes each span on: to the application whose request is being
handled, or else to the one that was opened last, or else to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context

# Private, but part of how OpenTelemetry declares the method: it makes one context manager serve
# as a decorator of plain functions and of coroutines.
from opentelemetry.util._decorator import _agnosticcontextmanager
from opentelemetry.util.types import Attributes

from fastnfurious.tracing.pipeline import PROVIDER_KEY

__all__ = ["ProcessProvider", "foreign_provider", "join_process", "leave_process"]

_open: list[trace.TracerProvider] = []
_nobody = trace.NoOpTracerProvider()


class ProcessProvider(trace.TracerProvider):
    """Make tracers that find their application at each span."""

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> trace.Tracer:
        """Return a tracer for a library; it may be kept for ever."""
        return _ProcessTracer(
            instrumenting_module_name, instrumenting_library_version, schema_url, attributes
        )


class _ProcessTracer(trace.Tracer):
    def __init__(self, *scope: Any) -> None:
        self._scope = scope
        self._tracers: WeakKeyDictionary[trace.TracerProvider, trace.Tracer] = WeakKeyDictionary()

    def start_span(
        self, name: str, context: Context | None = None, *args: Any, **options: Any
    ) -> trace.Span:
        provider = _provider_of(otel_context.get_current() if context is None else context)
        tracer = self._tracers.get(provider)
        if tracer is None:
            tracer = self._tracers[provider] = provider.get_tracer(*self._scope)
        return tracer.start_span(name, context, *args, **options)

    @_agnosticcontextmanager
    def start_as_current_span(
        self,
        name: str,
        *args: Any,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
        **options: Any,
    ) -> Iterator[trace.Span]:
        span = self.start_span(name, *args, **options)
        with trace.use_span(
            span,
            end_on_exit=end_on_exit,
            record_exception=record_exception,
            set_status_on_exception=set_status_on_exception,
        ):
            yield span


def _provider_of(context: Context) -> trace.TracerProvider:
    provider = context.get(PROVIDER_KEY)
    if isinstance(provider, trace.TracerProvider) and provider in _open:
        return provider
    return _open[-1] if _open else _nobody


def foreign_provider() -> trace.TracerProvider | None:
    """Return the provider that somebody else has set for this process, if anybody has."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, (trace.ProxyTracerProvider, ProcessProvider)):
        return None
    return provider


def join_process(provider: trace.TracerProvider) -> None:
    """Let the spans of other libraries reach an application's provider."""
    if foreign_provider() is None:
        if not isinstance(trace.get_tracer_provider(), ProcessProvider):
            trace.set_tracer_provider(ProcessProvider())
        _open.append(provider)


def leave_process(provider: trace.TracerProvider) -> None:
    """Let no more spans of other libraries reach an application's provider."""
    if provider in _open:
        _open.remove(provider)
