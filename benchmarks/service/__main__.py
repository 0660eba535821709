"""The command ``python -m benchmarks.service``, which ``inv bench service`` calls."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.environment import ROOT
from benchmarks.integrations.__main__ import ENVIRONMENT
from benchmarks.ratio import Ratio
from benchmarks.service.starts import Start, bare, measure_start, rendered

__all__ = ["main"]

AIM = 2.0


def main(
    rounds: Annotated[int, typer.Option(min=1, help="How often each is started.")] = 15,
    kind: Annotated[str, typer.Option(help="Kind of service: http or nats.")] = "http",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure the start of a rendered service, everything embedded, against bare FastAPI's."""
    ENVIRONMENT.prepare()
    with TemporaryDirectory() as place:
        found = _measure(Path(place), kind, rounds=rounds)
    report = {name: _compared(found, position) for position, name in enumerate(Start._fields)}
    if as_json:
        json.dump(report, sys.stdout, indent=1)
        return
    table = Table(
        "what", title="A service from the template, everything embedded, until it answers"
    )
    for name in ("bare FastAPI, s", "rendered, s", "ratio", "half of the rounds", "aim"):
        table.add_column(name, justify="right")
    for what, row in zip(("start to ready", "processor time"), report.values(), strict=True):
        table.add_row(
            what,
            *(f"{median(row[name]):.2f}" for name in ("bare", "rendered")),
            f"{row['ratio']['median']:.2f}",
            f"{row['ratio']['low']:.2f} – {row['ratio']['high']:.2f}",
            f"≤ {AIM:.1f}",
        )
    Console(width=140 if not sys.stdout.isatty() else None).print(table)


def _compared(found: dict[str, list[Start]], position: int) -> dict[str, Any]:
    ours, theirs = ([start[position] for start in found[name]] for name in ("rendered", "bare"))
    return {"bare": theirs, "rendered": ours, "ratio": asdict(Ratio.of(ours, theirs))}


def _measure(place: Path, kind: str, *, rounds: int) -> dict[str, list[Start]]:
    """Return the starts of each, round by round, after a start that writes the byte code."""
    python = str(ENVIRONMENT.python)
    commands = {
        "bare": ([python, *bare(place)], "/items/42"),
        "rendered": ([python, *rendered(place, kind)], "/health/ready"),
    }
    variables = {"PYTHONPATH": str(ROOT / "runtime"), "ENVIRONMENT": "development"}
    found: dict[str, list[Start]] = {name: [] for name in commands}
    for _ in range(rounds + 1):
        for name, (command, path) in commands.items():
            start = measure_start(command, path, folder=place, variables=variables)
            found[name].append(start)
    return {name: starts[1:] for name, starts in found.items()}


if __name__ == "__main__":
    typer.run(main)
