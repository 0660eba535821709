"""A statement has its time, however many run beside it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fastnfurious.sql.errors import StatementTimeout
from fastnfurious.sql.limits import Cancelled, InterruptTimer

CONNECTION: Any = None


async def sleep(limit: float, seconds: float) -> str:
    """Sleep for so many seconds under a limit, and tell how it ended."""
    try:
        async with Cancelled(CONNECTION, limit):
            await asyncio.sleep(seconds)
    except StatementTimeout:
        return "stopped"
    return "done"


async def test_each_is_stopped_after_its_own_time() -> None:
    """A shorter limit that comes later is kept too, and a stopped task goes on afterwards."""
    asked = [sleep(10, 0.15), sleep(0.1, 10), sleep(0.02, 10), sleep(10, 0), sleep(0.05, 10)]
    async with asyncio.timeout(5):
        ended = await asyncio.gather(*asked)
    assert ended == ["done", "stopped", "stopped", "done", "stopped"]


def test_each_event_loop_has_its_own_clock() -> None:
    """A clock that was set in a loop that is closed does not count in the next one."""
    for _ in range(2):
        assert asyncio.run(sleep(10, 0)) == "done"
        assert asyncio.run(sleep(0.01, 10)) == "stopped"


async def test_a_task_that_is_cancelled_is_no_timeout() -> None:
    """Whoever cancels a request gets what was asked for."""
    task = asyncio.create_task(sleep(10, 10))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_limit_around_it_is_the_one_that_strikes() -> None:
    """Two limits do not take each other's cancellation for their own."""
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(0.02):
            await sleep(10, 10)
    assert not isinstance(caught.value, StatementTimeout)
    async with asyncio.timeout(10):
        assert await sleep(0.02, 10) == "stopped"


async def test_a_timer_that_was_stopped_does_not_ring() -> None:
    """The next one still does."""

    class Driver:
        interrupted = 0

        async def interrupt(self) -> None:
            self.interrupted += 1

    stopped, running = Driver(), Driver()
    first, second = InterruptTimer(stopped, 0.01), InterruptTimer(running, 0.02)
    first.cancel()
    await asyncio.sleep(0.06)
    assert (stopped.interrupted, first.expired) == (0, False)
    assert (running.interrupted, second.expired) == (1, True)
