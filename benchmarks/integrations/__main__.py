"""The command ``python -m benchmarks.integrations``, which ``inv bench integrations`` calls."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

import servers
from benchmarks.collector import collect
from benchmarks.environment import ROOT, Environment
from benchmarks.integrations.report import Report
from benchmarks.integrations.starting import USES

__all__ = ["main"]

ENVIRONMENT = Environment("bench-integrations", Path(__file__).with_name("requirements.txt"))
PEERS = ("faststream[nats]",)
AREAS: dict[str, tuple[str | None, ...]] = {
    "nats": ("nats",),
    "s3": ("minio",),
    "oidc": ("keycloak",),
    "sql": (None, "postgres"),
}
"""Each area, and the servers that it runs on; ``None`` for the stand-in."""
STARTS = "starts"
MANY, FEW = 51, 15
LIMIT = 900


def main(
    turns: Annotated[int, typer.Option(min=0, help="How often everybody has a turn.")] = 0,
    short: Annotated[bool, typer.Option("--short", help="Only a few, shorter turns.")] = False,
    only: Annotated[str, typer.Option(help="Areas, with commas between them.")] = "",
    seconds: Annotated[float, typer.Option(min=0.001, help="How long a turn lasts.")] = 0.06,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    lock: Annotated[bool, typer.Option("--lock", help="Resolve the packages anew.")] = False,
) -> None:
    """Measure the integrations against what is underneath them, and against their peers."""
    if lock:
        _lock()
        return
    chosen = _chosen(only)
    places = [(area, name) for area in chosen for name in AREAS.get(area, ())]
    found = {name: _endpoint(name) for _, name in places if name is not None}
    ENVIRONMENT.prepare()
    length = (str(turns or (FEW if short else MANY)), str(seconds / 2 if short else seconds))
    report = Report()
    if STARTS in chosen:
        report.starts = _starts(turns=min(turns or MANY, 3 if short else 9))
    with collect() as collector:
        for area, name in places:
            endpoint = None if name is None else found[name]
            report.add(
                "embedded" if endpoint is None else f"{name} {endpoint.version}",
                ENVIRONMENT.printed_by(
                    "benchmarks.integrations.measuring",
                    area,
                    *length,
                    variables=_variables(endpoint, collector),
                    limit=LIMIT,
                ),
            )
    if as_json:
        json.dump(report.as_data(), sys.stdout, indent=1)
        return
    console = Console(width=160 if not sys.stdout.isatty() else None)
    for table in (report.table_of_starts(), report.table()):
        if table.row_count:
            console.print(table)


def _variables(endpoint: servers.Endpoint | None, collector: str) -> dict[str, str]:
    """Return the settings: where the server is, and what records a hundredth of the traces."""
    return {
        "PATH": os.environ["PATH"],
        "LOG_LEVEL": "ERROR",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
        "OTEL_SERVICE_NAME": "benchmark",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": "0.01",
        **({} if endpoint is None else endpoint.settings),
    }


def _chosen(only: str) -> list[str]:
    known = [*AREAS, STARTS]
    chosen = [name.strip() for name in only.split(",") if name.strip()] or known
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)} is none of {', '.join(known)}")
    return chosen


def _starts(*, turns: int) -> dict[str, list[float]]:
    """Return the milliseconds of first uses, each in a process of its own."""
    found: dict[str, list[float]] = {name: [] for name in USES}
    program = "benchmarks.integrations.starting"
    variables = {"PATH": os.environ["PATH"], "LOG_LEVEL": "ERROR"}
    for _ in range(turns):
        for name, milliseconds in found.items():
            milliseconds.append(ENVIRONMENT.printed_by(program, name, variables=variables))
    return found


def _endpoint(name: str) -> servers.Endpoint:
    endpoint = servers.find(name)
    if endpoint is None:
        raise typer.BadParameter(f"{name} is not running: `inv servers.up --names {name}`")
    return endpoint


def _lock() -> None:
    ENVIRONMENT.folder.mkdir(parents=True, exist_ok=True)
    needed = ENVIRONMENT.folder / "needed.txt"
    needed.write_text("\n".join(PEERS), encoding="utf-8")
    extras = [f"--extra={name}" for name in ("nats", "oidc", "s3", "sql")]
    ENVIRONMENT.lock(needed, ROOT / "pyproject.toml", *extras)


if __name__ == "__main__":
    typer.run(main)
