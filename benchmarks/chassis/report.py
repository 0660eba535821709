"""The table of the measures, as ratios, and the same as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from rich.table import Table

from benchmarks.chassis.measures import Cost, Lines
from benchmarks.ratio import Ratio

__all__ = ["Figure", "Report"]


@dataclass(frozen=True)
class Figure:
    """One row of the table.

    Attributes:
        what: What was measured.
        ours: The figure of FastNFuriousAPI.
        assembled: The same of the hand-assembled stack, where it has one.
        aim: What is aimed at.
        met: Whether ours reaches it.
        detail: The figures behind the ratios.
    """

    what: str
    ours: float
    assembled: float | None
    aim: str
    met: bool
    detail: str


class Report:
    """Collect the measures of one run."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []
        self.raw: dict[str, Any] = {}

    def add_costs(self, routes: int, costs: dict[str, Cost], aim: float) -> None:
        """Add what a request costs: CPU time of the server, and throughput in the same round."""
        self.raw[f"{routes} routes"] = {name: asdict(cost) for name, cost in costs.items()}
        label = "1 route" if routes == 1 else f"{routes} routes in included routers"
        cpu = {name: median(cost.cpu) * 1e6 for name, cost in costs.items()}
        self._add(
            f"server CPU, {label} (bare ÷ ours)",
            {name: Ratio.of(costs["bare"].cpu, costs[name].cpu).median for name in costs},
            aim,
            "{bare:.0f} / {everything:.0f} / {assembled:.0f} µs a request".format(**cpu),
        )
        rate = {name: median(cost.rate) for name, cost in costs.items()}
        self._add(
            f"throughput, {label} (ours ÷ bare)",
            {name: Ratio.of(costs[name].rate, costs["bare"].rate).median for name in costs},
            aim,
            "{bare:.0f} / {everything:.0f} / {assembled:.0f} requests a second".format(**rate),
        )

    def _add(self, what: str, ratios: dict[str, float], aim: float, detail: str) -> None:
        ours = ratios["everything"]
        self.figures.append(
            Figure(what, ours, ratios["assembled"], f"≥ {aim:.2f}", ours >= aim, detail)
        )

    def add_starts(self, starts: dict[str, list[float]], aim: float) -> None:
        """Add the time from the start of the process to its first answer."""
        self.raw["start"] = starts
        seconds = {name: median(values) for name, values in starts.items()}
        ours = Ratio.of(starts["everything"], starts["bare"]).median
        self.figures.append(
            Figure(
                "import and start to ready (ours ÷ bare)",
                ours,
                Ratio.of(starts["assembled"], starts["bare"]).median,
                f"≤ {aim:.1f}",
                ours <= aim,
                "{bare:.2f} / {everything:.2f} / {assembled:.2f} s".format(**seconds),
            )
        )

    def add_lines(self, lines: Lines, aim: float) -> None:
        """Add the cost of one access line."""
        self.raw["lines"] = asdict(lines)
        self.figures.append(
            Figure(
                "one JSON access line, until it is written (µs)",
                lines.ours_whole,
                lines.loguru,
                f"≤ {aim:.0f}",
                lines.ours_whole <= aim,
                f"of these, {lines.ours_in_path:.2f} µs while the request waits",
            )
        )

    def add_matching(self, found: dict[str, tuple[float, float]]) -> None:
        """Add what it costs to find a route."""
        self.raw["matching"] = found
        for count, (bare, ours) in found.items():
            detail = f"{bare:.1f} / {ours:.1f} µs"
            what = f"finding one of {count} routes (ours ÷ bare)"
            self.figures.append(Figure(what, ours / bare, None, "≤ 1.0", ours <= bare, detail))

    def table(self) -> Table:
        """Return the figures as a table to print."""
        table = Table("what", title="What everything-on costs")
        for name in ("ours", "hand-assembled", "aim"):
            table.add_column(name, justify="right")
        table.add_column("bare / ours / hand-assembled")
        for row in self.figures:
            colour = "green" if row.met else "red"
            ours = f"[{colour}]{row.ours:.2f}[/]"
            assembled = "" if row.assembled is None else f"{row.assembled:.2f}"
            table.add_row(row.what, ours, assembled, row.aim, row.detail)
        return table

    def as_data(self) -> dict[str, Any]:
        """Return the figures, and every measurement behind them, as plain data."""
        return {"figures": [asdict(figure) for figure in self.figures], "rounds": self.raw}
