"""The standard variables, and what is said about a wrong one."""

from __future__ import annotations

import pytest

from fastnfurious.core.errors import SettingsError
from fastnfurious.tracing import TracingSettings


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://collector"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.5"),
        ("OTEL_SDK_DISABLED", "perhaps"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("TRACING_FLUSH_TIMEOUT", "-1"),
    ],
)
def test_a_wrong_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """The error names the variable and shows what was read."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=rf"{variable}=.*{value}.*is not accepted"):
        TracingSettings.load()


def test_headers_are_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a sound value nor a wrong one is ever shown."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=hidden,tenant=blue")
    settings = TracingSettings.load()
    assert settings.headers == {"api-key": "hidden", "tenant": "blue"}
    assert "hidden" not in repr(settings) + repr(settings.explain())
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "hidden")
    with pytest.raises(SettingsError) as error:
        TracingSettings.load()
    assert "hidden" not in str(error.value)


def test_the_headers_for_traces_win(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the specification says, the variable for one signal replaces the general one."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "a=1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "b=2")
    assert TracingSettings.load().headers == {"b": "2"}


def test_a_batch_has_to_fit_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two variables that contradict each other are both named."""
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "10")
    with pytest.raises(SettingsError, match="OTEL_BSP_MAX_EXPORT_BATCH_SIZE.*MAX_QUEUE_SIZE"):
        TracingSettings.load()


def test_every_setting_is_documented() -> None:
    """Each has a variable of a known prefix and a sentence about it."""
    for row in TracingSettings.describe():
        assert row.variable.startswith(("OTEL_", "TRACING_")), row
        assert row.description.endswith("."), row


def test_the_service_can_be_renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """OTEL_SERVICE_NAME wins over the resource attributes, and those over the service's name."""
    from fastnfurious.core.settings import FastNFuriousSettings
    from fastnfurious.tracing.recording import make_resource

    service = FastNFuriousSettings(service_name="shop")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=attribute")
    named = make_resource(TracingSettings.load(), service)
    assert named.attributes["service.name"] == "attribute"
    monkeypatch.setenv("OTEL_SERVICE_NAME", "renamed")
    renamed = make_resource(TracingSettings.load(), service)
    assert renamed.attributes["service.name"] == "renamed"
