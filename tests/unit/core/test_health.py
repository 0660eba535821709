"""Health checks: how they are run, remembered and judged."""

from __future__ import annotations

import asyncio
import threading

import pytest

from fastnfurious.core.health import (
    CheckResult,
    Health,
    HealthReport,
    HealthSettings,
    HealthStatus,
    Probe,
)
from fastnfurious.logs.testing import RecordedLogs
from fastnfurious.testing.clock import FrozenClock

QUICK = HealthSettings(timeout_seconds=0.05, cache_seconds=0)


def report(health: Health, probe: Probe = Probe.READY) -> HealthReport:
    """Return the report of a probe."""
    return asyncio.run(health.report(probe))


async def fails() -> bool:
    """Fail."""
    return False


def test_the_worst_outcome_counts() -> None:
    """One failure fails the report, one warning warns."""
    health = Health(QUICK)
    health.add("good", lambda: None)
    assert report(health).status is HealthStatus.PASS
    health.add("so-so", lambda: CheckResult(HealthStatus.WARN))
    assert report(health).status is HealthStatus.WARN
    health.add("bad", fails)
    assert report(health).status is HealthStatus.FAIL


def test_two_checks_cannot_have_one_name() -> None:
    """The report would show only one of them."""
    health = Health(QUICK)
    health.check("db")(fails)
    with pytest.raises(ValueError, match="called 'db' exists; choose another"):
        health.check("db")(fails)


def test_a_probe_asks_its_own_checks() -> None:
    """A check is registered for readiness unless it says otherwise."""
    health = Health(QUICK)
    health.add("ready", fails)
    health.add("live", fails, probes=(Probe.LIVE, Probe.STARTUP))
    assert [outcome.name for outcome in report(health).outcomes] == ["ready"]
    assert [outcome.name for outcome in report(health, Probe.LIVE).outcomes] == ["live"]


def test_checks_run_at_the_same_time() -> None:
    """A report takes as long as its slowest check."""

    async def together() -> HealthReport:
        barrier = asyncio.Barrier(2)

        async def meets() -> None:
            await barrier.wait()

        health = Health(QUICK)
        health.add("one", meets)
        health.add("other", meets)
        return await health.report(Probe.READY)

    assert asyncio.run(together()).status is HealthStatus.PASS


def test_a_plain_function_does_not_hold_the_event_loop() -> None:
    """It runs in a thread, as FastAPI runs plain handlers."""
    health = Health(QUICK)
    threads: list[threading.Thread] = []
    health.add("plain", lambda: threads.append(threading.current_thread()))
    report(health)
    assert threads[0] is not threading.main_thread()


def test_a_check_without_an_answer_fails_in_time() -> None:
    """A probe gets its report even if a check would never end."""

    async def hangs() -> None:
        await asyncio.sleep(60)

    health = Health(QUICK)
    health.add("hangs", hangs)
    (outcome,) = report(health).outcomes
    assert outcome.result == CheckResult(HealthStatus.FAIL, "no answer within 0.05 s")


def test_a_check_that_refuses_to_end_is_not_started_again() -> None:
    """Runs that nobody can stop do not pile up behind a dead server."""
    started = []

    async def stubborn(release: asyncio.Event) -> None:
        started.append(1)
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    async def probe_often() -> list[HealthStatus]:
        release = asyncio.Event()
        health = Health(QUICK)

        async def check() -> None:
            await stubborn(release)

        health.add("stubborn", check)
        found = [(await health.report(Probe.READY)).status for _ in range(3)]
        release.set()
        await asyncio.sleep(0)
        return [*found, (await health.report(Probe.READY)).status]

    assert asyncio.run(probe_often())[:3] == [HealthStatus.FAIL] * 3
    assert len(started) <= 2


def test_a_prober_that_hangs_up_takes_nothing_from_the_others() -> None:
    """The run is shared and goes on."""

    async def share() -> HealthStatus:
        health = Health(HealthSettings(timeout_seconds=1))
        gate = asyncio.Event()

        async def waits() -> None:
            await gate.wait()

        health.add("waits", waits)
        first = asyncio.create_task(health.report(Probe.READY))
        second = asyncio.create_task(health.report(Probe.READY))
        await asyncio.sleep(0)
        first.cancel()
        gate.set()
        return (await second).status

    assert asyncio.run(share()) is HealthStatus.PASS


def test_a_report_outlives_its_event_loop() -> None:
    """A run that died with its loop is not waited for in another one."""
    health = Health(HealthSettings(cache_seconds=1000, timeout_seconds=1000))
    hold = True

    async def waits() -> None:
        if hold:
            await asyncio.sleep(1000)

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await health.report(Probe.READY)

    health.add("waits", waits)
    asyncio.run(give_up())
    hold = False
    assert report(health).status is HealthStatus.PASS


def test_a_failure_only_warns_until_its_grace_is_over(clock: FrozenClock) -> None:
    """A server that restarts is no reason to take a service out; one that stays away is."""
    answers = [False]
    health = Health(QUICK, clock)
    health.add("db", lambda: answers[0], grace=30)
    statuses = []
    for seconds in (0, 29, 1):
        clock.advance(seconds)
        statuses.append(report(health).status.value)
    assert statuses == ["warn", "warn", "fail"]
    answers[0] = True
    assert report(health).status is HealthStatus.PASS
    answers[0] = False
    assert report(health).status is HealthStatus.WARN


def test_a_change_is_logged_once() -> None:
    """Probes ask every second; the log says when it began, with the cause, and when it ended."""
    broken = [True]

    async def db() -> None:
        if broken[0]:
            raise ConnectionError("db:5432 is away")

    health = Health(QUICK)
    health.add("db", db)
    with RecordedLogs() as logs:
        for _ in range(3):
            report(health)
        broken[0] = False
        report(health)
    found = [line for line in logs.records if line["logger"] == "fastnfurious.core.health"]
    assert [line["level"] for line in found] == ["WARNING", "INFO"]
    assert "db:5432 is away" in found[0]["exception"]["trace"]
