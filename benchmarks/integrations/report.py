"""The table of the contests, as ratios of our rate to that of each peer, and the same as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from rich.table import Table

from benchmarks.ratio import Ratio

__all__ = ["Figure", "Report"]

OURS = "ours"
NOTHING = "nothing"


@dataclass(frozen=True)
class Figure:
    """One row of the table.

    Attributes:
        on: The server, with its version; or ``embedded``.
        what: The work.
        peer: Who else did it.
        ratio: Our rate divided by the peer's.
        aim: The least ratio that is aimed at; ``None`` for one that only informs.
        rates: Pieces of work in a second, ours and the peer's: medians.
        cpu: CPU microseconds for each piece of work, ours and the peer's: medians.
    """

    on: str
    what: str
    peer: str
    ratio: Ratio
    aim: float | None
    rates: tuple[float, float]
    cpu: tuple[float, float]

    @property
    def met(self) -> bool | None:
        """Return whether the aim is reached; ``None`` where there is none."""
        return None if self.aim is None else self.ratio.median >= self.aim


class Report:
    """Collect the measures of one run.

    Attributes:
        figures: The rows of the table.
        raw: The contests, as the measuring program printed them.
        starts: Milliseconds of first uses, turn by turn, by integration.
    """

    def __init__(self) -> None:
        self.figures: list[Figure] = []
        self.raw: list[dict[str, Any]] = []
        self.starts: dict[str, list[float]] = {}

    def add(self, on: str, found: Iterable[dict[str, Any]]) -> None:
        """Add contests as the measuring program prints them.

        Args:
            on: What they ran on.
            found: The contests.
        """
        for contest in found:
            self.raw.append({"on": on, **contest})
            scores, aims = contest["scores"], contest["aims"]
            self.figures += [
                _figure(on, contest["what"], name, scores, aims.get(name))
                for name in scores
                if name != OURS
            ]

    def table(self) -> Table:
        """Return the figures as a table to print."""
        table = Table("on", "what", "peer", title="What the integrations cost: ours ÷ peer")
        for name in ("ratio", "half of the turns", "aim", "", "a second", "CPU µs"):
            table.add_column(name, justify="right")
        for row in self.figures:
            table.add_row(row.on, row.what, row.peer, *_cells(row))
        return table

    def table_of_starts(self) -> Table:
        """Return how long first uses take, as a table to print."""
        table = Table("embedded", title="From the first import to the first use, in milliseconds")
        for name in ("in all", "more than nothing"):
            table.add_column(name, justify="right")
        for name, found in self.starts.items():
            more = median(
                one - nothing for one, nothing in zip(found, self.starts[NOTHING], strict=True)
            )
            table.add_row(name, f"{median(found):.0f}", "" if name == NOTHING else f"{more:.0f}")
        return table

    def as_data(self) -> dict[str, Any]:
        """Return the figures, and every measurement behind them, as plain data."""
        figures = [{**asdict(figure), "met": figure.met} for figure in self.figures]
        return {"figures": figures, "contests": self.raw, "starts": self.starts}


def _figure(
    on: str,
    what: str,
    peer: str,
    scores: Mapping[str, Mapping[str, list[float]]],
    aim: float | None,
) -> Figure:
    ours, theirs = scores[OURS], scores[peer]
    return Figure(
        on,
        what,
        peer,
        Ratio.of(ours["rate"], theirs["rate"]),
        aim,
        (median(ours["rate"]), median(theirs["rate"])),
        (median(ours["cpu"]) * 1e6, median(theirs["cpu"]) * 1e6),
    )


def _cells(row: Figure) -> list[str]:
    colour = {True: "green", False: "red", None: "default"}[row.met]
    return [
        f"[{colour}]{_short(row.ratio.median)}[/]",
        f"{_short(row.ratio.low)} to {_short(row.ratio.high)}",
        "" if row.aim is None else f"≥ {_short(row.aim)}",
        {True: "met", False: "missed", None: ""}[row.met],
        " / ".join(f"{rate:,.0f}" for rate in row.rates),
        " / ".join(f"{cpu:,.1f}" for cpu in row.cpu),
    ]


def _short(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"
