"""The command ``python -m benchmarks.chassis``, which ``inv bench chassis`` calls."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.chassis.measures import access_lines, costs, matching, starts
from benchmarks.chassis.report import Report
from benchmarks.chassis.server import ENVIRONMENT
from benchmarks.environment import ROOT

__all__ = ["main"]

STACK = ("prometheus-fastapi-instrumentator", "opentelemetry-instrumentation-fastapi")


def main(
    rounds: Annotated[int, typer.Option(min=1, help="How often each server has its turn.")] = 40,
    requests: Annotated[int, typer.Option(min=8, help="Requests in a turn.")] = 400,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    lock: Annotated[bool, typer.Option("--lock", help="Resolve the packages anew.")] = False,
) -> None:
    """Measure the chassis against bare FastAPI and against the hand-assembled stack."""
    if lock:
        _lock()
        return
    ENVIRONMENT.prepare()
    report = Report()
    # The clock of a process that is alone is the steadiest: first what starts and stops.
    report.add_starts(starts(rounds=min(rounds, 9)), aim=2.0)
    report.add_lines(access_lines(rounds=min(rounds, 3)), aim=5)
    report.add_matching(matching())
    report.add_costs(1, costs(1, rounds=rounds, requests=requests), aim=0.8)
    report.add_costs(60, costs(60, rounds=rounds, requests=requests), aim=1.0)
    if as_json:
        json.dump(report.as_data(), sys.stdout, indent=1)
    else:
        Console(width=160 if not sys.stdout.isatty() else None).print(report.table())


def _lock() -> None:
    ENVIRONMENT.folder.mkdir(parents=True, exist_ok=True)
    needed = ENVIRONMENT.folder / "needed.txt"
    needed.write_text("\n".join(STACK), encoding="utf-8")
    ENVIRONMENT.lock(needed, ROOT / "pyproject.toml")


if __name__ == "__main__":
    typer.run(main)
