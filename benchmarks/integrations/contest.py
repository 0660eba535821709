"""A contest: the same work done in several ways, in short turns one after the other."""

from __future__ import annotations

import asyncio
import gc
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

__all__ = ["Contest", "Contests", "Score", "Work", "at_once", "lasting", "one_by_one", "take_turns"]

Work = Callable[[int], Awaitable[object]]
"""Does something as often as it is told."""

Contestant = TypeVar("Contestant")

_LONGEST = 1_000_000
_FEWEST = 4
_TRIES = 4
_HOPELESS = 20


@dataclass(frozen=True)
class Contest:
    """Name some work, and those who do it.

    Attributes:
        what: The work.
        contestants: What does it, by name; ours is called ``ours``.
        aims: The least ratio of our rate to that of each peer that has an aim.
        batch: How many pieces of work belong together; a turn has a multiple of it.
    """

    what: str
    contestants: Mapping[str, Work]
    aims: Mapping[str, float] = field(default_factory=dict)
    batch: int = 1


Contests = Callable[[], AbstractAsyncContextManager[list[Contest]]]
"""Opens everything that some contests need, and closes it in the end."""


@dataclass
class Score:
    """What a contestant achieved, turn by turn."""

    rate: list[float] = field(default_factory=list)
    """Pieces of work in a second."""
    cpu: list[float] = field(default_factory=list)
    """CPU seconds of this process for each piece of work."""


async def take_turns(contest: Contest, *, turns: int, seconds: float) -> dict[str, Score]:
    """Let everybody have as many turns.

    Args:
        contest: The work, and who does it.
        turns: How many turns each has, at most.
        seconds: How long a turn lasts, about.

    Returns:
        The scores, by name.
    """
    found = {
        name: await _fitting(work, contest.batch, seconds)
        for name, work in contest.contestants.items()
    }
    counts = {name: count for name, (count, _) in found.items()}
    # What takes much longer, because its batch is large, has fewer turns in the same time.
    longest = max(took for _, took in found.values())
    turns = min(turns, max(_FEWEST, round(turns * seconds / longest)))
    scores = {name: Score() for name in counts}
    names = list(counts)
    for turn in range(turns):
        # Nobody always comes after the same one, whose garbage would be on the same bill.
        for name in names if turn % 2 else reversed(names):
            await _take_turn(contest.contestants[name], counts[name], scores[name])
    return scores


async def _fitting(work: Work, batch: int, seconds: float) -> tuple[int, float]:
    """Return how much work fits into a turn, and how long that takes; doing it warms up."""
    count = batch
    while True:
        took = await _shortest(work, count, enough=seconds / 3)
        if took * 3 >= seconds or count >= _LONGEST:
            fitting = max(batch, round(count * seconds / took / batch) * batch)
            return fitting, took * fitting / count
        count *= 2


async def _shortest(work: Work, count: int, *, enough: float) -> float:
    """Return the shortest of some times that work takes, or the first that is short enough.

    Others on the machine can make a single one many times longer.
    """
    shortest = math.inf
    for _ in range(_TRIES):
        started = time.perf_counter()
        await work(count)
        shortest = min(shortest, time.perf_counter() - started)
        if shortest < enough or shortest > enough * _HOPELESS:
            break
    return shortest


async def _take_turn(work: Work, count: int, score: Score) -> None:
    gc.collect()
    await asyncio.sleep(0)
    started, cpu = time.perf_counter(), time.process_time()
    await work(count)
    score.rate.append(count / (time.perf_counter() - started))
    score.cpu.append((time.process_time() - cpu) / count)


def one_by_one(piece: Callable[[], Awaitable[object]]) -> Work:
    """Return work that does a piece after the other."""

    async def work(count: int) -> None:
        for _ in range(count):
            await piece()

    return work


def at_once(concurrency: int, piece: Callable[[], Awaitable[object]]) -> Work:
    """Return work that has as many pieces under way, all the time."""

    async def some(count: int) -> None:
        for _ in range(count):
            await piece()

    async def work(count: int) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(some(count // concurrency))

    return work


@asynccontextmanager
async def lasting(
    opened: Contestant, close: Callable[[], Awaitable[object]]
) -> AsyncIterator[Contestant]:
    """Give something that is open, and close it in the end."""
    try:
        yield opened
    finally:
        await close()
