"""Sending spans to a collector; imported only when an endpoint is set.

*Source:* https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from fastnfurious.tracing.settings import TracingSettings

__all__ = ["ReportingExporter", "make_exporter"]

_SILENCE = 60.0
_COMPRESSIONS = {
    "none": Compression.NoCompression,
    "gzip": Compression.Gzip,
    "deflate": Compression.Deflate,
}
_logger = logging.getLogger(__name__)
_exporters_logger = logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter")


def make_exporter(settings: TracingSettings, endpoint: str) -> SpanExporter:
    """Return an exporter that posts to this address and reports failures once in a while."""

    def of_traces(name: str) -> Any:
        own = getattr(settings, f"exporter_otlp_traces_{name}")
        return getattr(settings, f"exporter_otlp_{name}") if own is None else own

    exporter = OTLPSpanExporter(
        endpoint=endpoint,
        headers=settings.headers,
        timeout=of_traces("timeout"),
        compression=_COMPRESSIONS[of_traces("compression")],
        certificate_file=of_traces("certificate"),
        client_certificate_file=of_traces("client_certificate"),
        client_key_file=of_traces("client_key"),
    )
    return ReportingExporter(exporter, endpoint)


class ReportingExporter(SpanExporter):
    """Export spans, and say so at most once a minute when that fails.

    A collector that is away must not fill the logs: the exporter's own messages, one for each
    attempt, are kept from them, and the last one is told in ours.

    Args:
        exporter: What sends the spans.
        endpoint: Where to, for the message; credentials in it are left out.
    """

    def __init__(self, exporter: SpanExporter, endpoint: str) -> None:
        self._exporter = exporter
        parts = urlsplit(endpoint)
        self._endpoint = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        self._silent_until = 0.0
        self._lost = 0
        self._reason = ""
        self._closed = False
        _exporters_logger.addFilter(self._note)

    def _note(self, record: logging.LogRecord) -> bool:
        self._reason = record.getMessage()
        return False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans; an error is a failed export, never an exception."""
        try:
            result = self._exporter.export(spans)
        except Exception as error:
            self._reason = f"{type(error).__name__}: {error}"
            result = SpanExportResult.FAILURE
        if result is not SpanExportResult.SUCCESS:
            self._lost += len(spans)
            self._report()
        elif self._silent_until and not self._lost:
            self._silent_until = 0.0
        return result

    def _report(self) -> None:
        now = monotonic()
        if now < self._silent_until:
            return
        self._silent_until = now + _SILENCE
        lost, self._lost = self._lost, 0
        _logger.warning(
            "%d spans could not be exported to %s and are lost (%s). Requests are not affected; "
            "this is repeated at most once a minute",
            lost,
            self._endpoint,
            self._reason or "no reason given",
        )

    def shutdown(self) -> None:
        """Stop, and interrupt an export that is waiting to try again."""
        if not self._closed:
            self._closed = True
            self._exporter.shutdown()
            _exporters_logger.removeFilter(self._note)

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Return at once: nothing is held back here."""
        return True
