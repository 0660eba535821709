"""The settings of traces: the standard variables of OpenTelemetry.

*Source:* names, defaults and meanings are those of the OpenTelemetry specification,
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ and
https://opentelemetry.io/docs/specs/otel/protocol/exporter/.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from fastnfurious.core.settings import Settings

__all__ = [
    "Compression",
    "Protocol",
    "SamplerName",
    "TracesExporter",
    "TracingSettings",
    "parse_pairs",
]


class SamplerName(StrEnum):
    """Which traces are recorded; the ``parentbased_`` ones follow the caller's decision first."""

    ALWAYS_ON = "always_on"
    ALWAYS_OFF = "always_off"
    RATIO = "traceidratio"
    PARENT_ALWAYS_ON = "parentbased_always_on"
    PARENT_ALWAYS_OFF = "parentbased_always_off"
    PARENT_RATIO = "parentbased_traceidratio"


class TracesExporter(StrEnum):
    """Where spans are sent."""

    OTLP = "otlp"
    CONSOLE = "console"
    NONE = "none"


class Protocol(StrEnum):
    """How spans travel to the collector."""

    HTTP = "http/protobuf"


class Compression(StrEnum):
    """How exported spans are compressed."""

    NONE = "none"
    GZIP = "gzip"
    DEFLATE = "deflate"


def _http_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected an address such as http://collector:4318")
    return value


def _pairs(value: str) -> str:
    for pair in filter(str.strip, value.split(",")):
        name, equals, _ = pair.partition("=")
        if not equals or not name.strip():
            raise ValueError("expected key=value pairs with commas between them")
    return value


def _secret_pairs(value: SecretStr) -> SecretStr:
    _pairs(value.get_secret_value())
    return value


Address = Annotated[str, AfterValidator(_http_address)]
Pairs = Annotated[str, AfterValidator(_pairs)]
SecretPairs = Annotated[SecretStr, AfterValidator(_secret_pairs)]


class TracingSettings(Settings):
    """Read how spans are sampled, named and exported.

    Example:
        >>> TracingSettings(traces_sampler_arg=0.1).traces_sampler_arg
        0.1
    """

    model_config = SettingsConfigDict(env_prefix="OTEL_", populate_by_name=True)

    service_name: str | None = Field(
        None, description="Name of the service in traces, in place of SERVICE_NAME."
    )
    resource_attributes: Pairs = Field(
        "", description="More attributes of every span's resource, as key=value,key=value."
    )
    sdk_disabled: bool = Field(
        False, description="Record no spans; trace ids are still made, passed on and logged."
    )
    traces_sampler: SamplerName = Field(
        SamplerName.PARENT_ALWAYS_ON, description="Which traces are recorded."
    )
    traces_sampler_arg: float = Field(
        1.0, ge=0, le=1, description="Share of traces that the traceidratio samplers record."
    )
    traces_exporter: TracesExporter = Field(
        TracesExporter.OTLP,
        description="Where spans go; otlp sends nothing until an endpoint is set.",
    )
    exporter_otlp_endpoint: Address | None = Field(
        None,
        description="Address of an OTLP/HTTP collector, without credentials; "
        "v1/traces is added to it.",
    )
    exporter_otlp_traces_endpoint: Address | None = Field(
        None, description="Full address for spans, used as it is; wins over the general one."
    )
    exporter_otlp_headers: SecretPairs | None = Field(
        None, description="Headers sent to the collector, as key=value,key=value."
    )
    exporter_otlp_traces_headers: SecretPairs | None = Field(
        None, description="The same, for spans; wins over the general ones."
    )
    exporter_otlp_protocol: Protocol = Field(
        Protocol.HTTP, description="How spans are sent; other protocols are not supported."
    )
    exporter_otlp_traces_protocol: Protocol | None = Field(
        None, description="The same, for spans; wins over the general one."
    )
    exporter_otlp_timeout: float = Field(
        10.0, gt=0, description="Seconds that one export may take, retries included."
    )
    exporter_otlp_traces_timeout: float | None = Field(
        None, gt=0, description="The same, for spans; wins over the general one."
    )
    exporter_otlp_compression: Compression = Field(
        Compression.NONE, description="How exported spans are compressed."
    )
    exporter_otlp_traces_compression: Compression | None = Field(
        None, description="The same, for spans; wins over the general one."
    )
    exporter_otlp_certificate: str | None = Field(
        None, description="File with the certificates that the collector's is checked against."
    )
    exporter_otlp_traces_certificate: str | None = Field(
        None, description="The same, for spans; wins over the general one."
    )
    exporter_otlp_client_certificate: str | None = Field(
        None, description="File with the certificate that is shown to the collector."
    )
    exporter_otlp_traces_client_certificate: str | None = Field(
        None, description="The same, for spans; wins over the general one."
    )
    exporter_otlp_client_key: str | None = Field(
        None, description="File with the private key of that certificate."
    )
    exporter_otlp_traces_client_key: str | None = Field(
        None, description="The same, for spans; wins over the general one."
    )
    bsp_schedule_delay: float = Field(
        5000, gt=0, description="Milliseconds between two exports, at most."
    )
    bsp_max_queue_size: int = Field(
        2048, gt=0, description="Spans that wait for export; more are dropped."
    )
    bsp_max_export_batch_size: int = Field(512, gt=0, description="Spans in one export, at most.")
    bsp_export_timeout: float = Field(
        30000, gt=0, description="Milliseconds that one batch may take to export."
    )
    flush_timeout: float = Field(
        5.0,
        ge=0,
        validation_alias="TRACING_FLUSH_TIMEOUT",
        description="Seconds that shutting down waits for the last spans to be exported.",
    )

    @model_validator(mode="after")
    def _batch_fits_queue(self) -> Self:
        if self.bsp_max_export_batch_size > self.bsp_max_queue_size:
            raise ValueError(
                "OTEL_BSP_MAX_EXPORT_BATCH_SIZE must not be greater than OTEL_BSP_MAX_QUEUE_SIZE"
            )
        return self

    @property
    def endpoint(self) -> str | None:
        """Return the full address that spans are posted to; ``None`` exports nothing."""
        if self.exporter_otlp_traces_endpoint:
            return self.exporter_otlp_traces_endpoint
        if self.exporter_otlp_endpoint:
            return f"{self.exporter_otlp_endpoint.rstrip('/')}/v1/traces"
        return None

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of an export; their values are secrets."""
        secret = self.exporter_otlp_traces_headers or self.exporter_otlp_headers
        return parse_pairs(secret.get_secret_value() if secret else "")

    @property
    def credentials(self) -> tuple[str, ...]:
        """Return the values of headers that are long enough to be told from ordinary text."""
        return tuple(value for value in self.headers.values() if len(value) >= 8)

    @property
    def attributes(self) -> dict[str, str]:
        """Return the additional attributes of the resource."""
        return parse_pairs(self.resource_attributes)


def parse_pairs(text: str) -> dict[str, str]:
    """Return the pairs of ``key=value,key=value``; values are percent-decoded."""
    pairs = (pair.partition("=") for pair in text.split(",") if pair.strip())
    return {name.strip(): unquote(value.strip()) for name, _, value in pairs}
