"""Health checks: register them, run them together, remember the answer for a moment.

*Source:* the shape of a report follows "Health Check Response Format for HTTP APIs",
https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import Field

from fastnfurious.core.clock import Clock, SystemClock
from fastnfurious.core.settings import Settings

__all__ = [
    "CheckOutcome",
    "CheckResult",
    "Health",
    "HealthCheck",
    "HealthReport",
    "HealthSettings",
    "HealthStatus",
    "Probe",
]

_logger = logging.getLogger(__name__)


class HealthStatus(StrEnum):
    """How well something is: only ``fail`` makes a probe fail."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"


class Probe(StrEnum):
    """Which question an orchestrator asks.

    ``live``: should the process be restarted? ``ready``: should it get requests? ``startup``: has
    it come up?
    """

    LIVE = "live"
    READY = "ready"
    STARTUP = "startup"


class HealthSettings(Settings):
    """Tune how health is judged."""

    model_config = {"env_prefix": "HEALTH_"}

    cache_seconds: float = Field(
        1.0,
        ge=0,
        description="How long a result is reused, so that probes cannot load a struggling server.",
    )
    timeout_seconds: float = Field(
        2.0, gt=0, description="How long one check may take before it counts as failed."
    )
    grace_seconds: float = Field(
        30.0,
        ge=0,
        description="How long an integration may be reconnecting (warn) before it fails.",
    )


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Say how one thing is.

    Attributes:
        status: How well it is.
        output: One sentence for people when it is not ``pass``; never a secret.
    """

    status: HealthStatus = HealthStatus.PASS
    output: str | None = None


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """Say how a check went.

    Attributes:
        name: Name of the check.
        result: What it said.
        latency: Seconds that it took.
        time: When it ran, in UTC.
        component_type: What was checked: ``component``, ``datastore`` or ``system``.
    """

    name: str
    result: CheckResult
    latency: float
    time: datetime
    component_type: str = "component"


@dataclass(frozen=True, slots=True)
class HealthReport:
    """Sum up the checks of one probe; the worst of them counts.

    Attributes:
        status: The worst status of all outcomes.
        outcomes: One entry for each check.
    """

    status: HealthStatus
    outcomes: tuple[CheckOutcome, ...]


HealthCheck = Callable[[], Awaitable[CheckResult | bool | None] | CheckResult | bool | None]
"""A function: ``None`` and ``True`` pass, ``False`` and an exception fail.

An async one runs in the event loop, a plain one in a thread.
"""
_Check = TypeVar("_Check", bound=HealthCheck)
_Answer = asyncio.Task[CheckResult | bool | None]


@dataclass(slots=True)
class _Registered:
    name: str
    check: HealthCheck
    probes: frozenset[Probe]
    grace: float
    component_type: str
    failing_since: float | None = None
    status: HealthStatus = HealthStatus.PASS
    running: _Answer | None = None


@dataclass(frozen=True, slots=True)
class _Remembered:
    until: float
    report: asyncio.Task[HealthReport]


class Health:
    """Hold an application's health checks and answer its probes.

    Args:
        settings: How health is judged.
        clock: Tells the time.

    Example:
        >>> health = Health()
        >>> @health.check()
        ... async def disk() -> bool:
        ...     return True
        >>> asyncio.run(health.report(Probe.READY)).status.value
        'pass'
    """

    def __init__(self, settings: HealthSettings | None = None, clock: Clock | None = None) -> None:
        self._settings = settings or HealthSettings()
        self._clock = clock or SystemClock()
        self._checks: dict[str, _Registered] = {}
        self._remembered: dict[Probe, _Remembered] = {}

    def check(
        self,
        name: str | None = None,
        *,
        probes: tuple[Probe, ...] = (Probe.READY,),
        grace: float = 0.0,
        component_type: str = "component",
    ) -> Callable[[_Check], _Check]:
        """Register a function as a check, as a decorator.

        Args:
            name: Name in the report; the function's own name by default.
            probes: Which probes ask it.
            grace: Seconds for which a failure only warns.
            component_type: What is checked: ``component``, ``datastore`` or ``system``.

        Raises:
            ValueError: A check of that name exists.
        """

        def register(function: _Check) -> _Check:
            own_name = str(getattr(function, "__name__", "check"))
            self.add(
                name or own_name,
                function,
                probes=probes,
                grace=grace,
                component_type=component_type,
            )
            return function

        return register

    def add(
        self,
        name: str,
        check: HealthCheck,
        *,
        probes: tuple[Probe, ...] = (Probe.READY,),
        grace: float = 0.0,
        component_type: str = "component",
    ) -> None:
        """Register a check.

        Args:
            name: Name in the report.
            check: What to ask.
            probes: Which probes ask it.
            grace: Seconds for which a failure only warns, because it is expected to pass.
            component_type: What is checked: ``component``, ``datastore`` or ``system``.

        Raises:
            ValueError: A check of that name exists.
        """
        if name in self._checks:
            raise ValueError(f"A health check called {name!r} exists; choose another name")
        self._checks[name] = _Registered(name, check, frozenset(probes), grace, component_type)
        self._remembered.clear()

    @property
    def settings(self) -> HealthSettings:
        """Return how health is judged."""
        return self._settings

    async def report(self, probe: Probe) -> HealthReport:
        """Return the report of a probe; callers within the cache time share one run."""
        remembered = self._remembered.get(probe)
        if remembered is None or self._is_stale(remembered):
            # A task of its own: a prober that hangs up must not take the answer from the others.
            run = asyncio.create_task(self._run(probe))
            until = self._clock.monotonic() + self._settings.cache_seconds
            remembered = self._remembered[probe] = _Remembered(until, run)
        return await asyncio.shield(remembered.report)

    def _is_stale(self, remembered: _Remembered) -> bool:
        if remembered.report.done():
            return remembered.report.cancelled() or self._clock.monotonic() >= remembered.until
        # The event loop may have gone away in the middle of a run.
        return not _is_of_this_loop(remembered.report)

    async def _run(self, probe: Probe) -> HealthReport:
        asked = [check for check in self._checks.values() if probe in check.probes]
        outcomes = tuple(await asyncio.gather(*map(self._ask, asked)))
        return HealthReport(_worst(outcomes), outcomes)

    async def _ask(self, registered: _Registered) -> CheckOutcome:
        time, started = self._clock.now(), self._clock.monotonic()
        error, result = await self._answer(registered)
        result = self._with_grace(registered, result, started)
        self._report_change(registered, result, error)
        latency = self._clock.monotonic() - started
        return CheckOutcome(registered.name, result, latency, time, registered.component_type)

    async def _answer(self, registered: _Registered) -> tuple[BaseException | None, CheckResult]:
        running = registered.running
        if running is None or running.done() or not _is_of_this_loop(running):
            running = registered.running = asyncio.create_task(_call(registered.check))
            running.add_done_callback(_retrieve)
        # Not `asyncio.timeout`: a check that does not let itself be cancelled would be waited for.
        await asyncio.wait({running}, timeout=self._settings.timeout_seconds)
        if not running.done():
            if inspect.iscoroutinefunction(registered.check):
                running.cancel()
            seconds = self._settings.timeout_seconds
            return None, CheckResult(HealthStatus.FAIL, f"no answer within {seconds:g} s")
        return _result_of(running)

    @staticmethod
    def _report_change(
        registered: _Registered, result: CheckResult, error: BaseException | None
    ) -> None:
        """Log that a check has begun or ceased to fail: probes ask far too often to log each."""
        before, registered.status = registered.status, result.status
        if before is result.status:
            return
        level = logging.INFO if result.status is HealthStatus.PASS else logging.WARNING
        reason = f": {result.output}" if result.output else ""
        _logger.log(
            level,
            "health check %s: %s after %s%s",
            registered.name,
            result.status.value,
            before.value,
            reason,
            exc_info=error,
        )

    @staticmethod
    def _with_grace(registered: _Registered, result: CheckResult, now: float) -> CheckResult:
        if result.status is not HealthStatus.FAIL:
            registered.failing_since = None
            return result
        if registered.failing_since is None:
            registered.failing_since = now
        if now - registered.failing_since < registered.grace:
            return replace(result, status=HealthStatus.WARN)
        return result


async def _call(check: HealthCheck) -> CheckResult | bool | None:
    answer = check() if inspect.iscoroutinefunction(check) else await asyncio.to_thread(check)
    return await answer if isinstance(answer, Awaitable) else answer


def _result_of(answer: _Answer) -> tuple[BaseException | None, CheckResult]:
    if answer.cancelled():
        return None, CheckResult(HealthStatus.FAIL, "the check was cancelled")
    error = answer.exception()
    if error is not None:
        # Its message may name an address or a password; the log has it.
        return error, CheckResult(HealthStatus.FAIL, f"{type(error).__name__} was raised")
    result = answer.result()
    if isinstance(result, CheckResult):
        return None, result
    return None, CheckResult(HealthStatus.FAIL if result is False else HealthStatus.PASS)


def _retrieve(answer: _Answer) -> None:
    """Look at the outcome of a check that nobody waits for any more, so that asyncio is content."""
    if not answer.cancelled():
        answer.exception()


def _is_of_this_loop(task: asyncio.Task[Any]) -> bool:
    return task.get_loop() is asyncio.get_running_loop()


def _worst(outcomes: tuple[CheckOutcome, ...]) -> HealthStatus:
    found = {outcome.result.status for outcome in outcomes}
    ranked = (HealthStatus.FAIL, HealthStatus.WARN)
    return next((status for status in ranked if status in found), HealthStatus.PASS)
