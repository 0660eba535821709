"""The contests: how turns are taken, and what the report makes of them."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.integrations.contest import Contest, at_once, one_by_one, take_turns
from benchmarks.integrations.report import Report


async def test_everybody_has_as_many_turns() -> None:
    """The scores have one figure for each turn, whoever is faster."""
    contest = Contest(
        "waiting",
        {"ours": one_by_one(lambda: asyncio.sleep(0)), "peer": one_by_one(_slowly)},
    )
    scores = await take_turns(contest, turns=3, seconds=0.004)
    assert {name: len(score.rate) for name, score in scores.items()} == {"ours": 3, "peer": 3}


async def test_as_much_is_under_way_as_was_asked_for() -> None:
    """Work that is done at once has that many pieces under way, and does all of it."""
    busy, most, done = 0, 0, 0

    async def piece() -> None:
        nonlocal busy, most, done
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0)
        busy -= 1
        done += 1

    await at_once(5, piece)(20)
    assert (most, done) == (5, 20)


def test_the_report_divides_ours_by_each_peer() -> None:
    """A figure says whether the aim is met, and there is none where nothing is aimed at."""
    rates = {"ours": [80.0, 90.0], "fast": [100.0, 100.0], "slow": [40.0, 30.0]}
    scores = {name: {"rate": found, "cpu": [1e-6, 1e-6]} for name, found in rates.items()}
    report = Report()
    report.add("nothing", [{"what": "waiting", "aims": {"fast": 0.9}, "scores": scores}])
    assert [(row.peer, row.met) for row in report.figures] == [("fast", False), ("slow", None)]
    assert [row.ratio.median for row in report.figures] == [pytest.approx(0.85), 2.5]
    assert report.table().row_count == 2
    assert report.as_data()["figures"][0]["met"] is False


async def test_what_takes_long_has_fewer_turns() -> None:
    """A batch that lasts longer than a turn should is repeated as often as time allows."""
    contest = Contest("waiting", {"ours": one_by_one(_slower)}, batch=5)
    scores = await take_turns(contest, turns=50, seconds=0.002)
    assert 4 <= len(scores["ours"].rate) < 50


def test_the_starts_are_told_beside_nothing() -> None:
    """The table says how much longer it takes to use something than to use nothing."""
    report = Report()
    report.starts = {"nothing": [100.0, 300.0], "nats": [110.0, 330.0]}
    column = report.table_of_starts().columns[2]
    assert list(column.cells) == ["", "20"]


async def _slowly() -> None:
    await asyncio.sleep(0.001)


async def _slower() -> None:
    await asyncio.sleep(0.004)
