"""Spans reach a collector over OTLP, in its own words."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.tracing import Tracing, TracingSettings
from servers.collector import Collector
from servers.fleet import Fleet
from servers.plugin import Backing
from servers.server import Place, Program


class TalkativeCollector(Collector):
    """A collector that writes down everything that it takes."""

    def command(self, program: Program, place: Place) -> list[str]:
        """Return the command."""
        return [*super().command(program, place), "--debug-log-verbosity", "detailed"]


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio."""
    return "asyncio"


@pytest.mark.anyio
@pytest.mark.parametrize("compression", ["none", "gzip"])
async def test_a_span_arrives_with_all_that_is_known(
    compression: str, backing: Backing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name, its tags, its ids, its parent and the name of the service."""
    backing("traces", "collector")
    fleet = Fleet(tmp_path, {"collector": TalkativeCollector()}, programs=Fleet().programs)
    [outcome] = fleet.up()
    try:
        assert outcome.endpoint is not None, outcome.reason
        for variable, value in outcome.endpoint.settings.items():
            monkeypatch.setenv(variable, value)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", compression)
        tracing = Tracing(TracingSettings.load(), FastNFuriousSettings(service_name="tea-shop"))
        await tracing.open()
        with tracing.tracer.create_child_span("brew") as outer:
            with tracing.tracer.create_child_span("pour", cups=3) as inner:
                pass
        await tracing.aclose()
        log = tmp_path / "state" / "collector.log"
        said = wait_for("pour", log)
    finally:
        fleet.down()
    for expected in ("tea-shop", "brew", "cups", outer.trace_id, outer.span_id, inner.span_id):
        assert expected in said


def wait_for(word: str, log: Path) -> str:
    """Return what a log says once a word is in it."""
    until = time.monotonic() + 10
    while word not in (said := log.read_text(encoding="utf-8")) and time.monotonic() < until:
        time.sleep(0.05)
    return said
