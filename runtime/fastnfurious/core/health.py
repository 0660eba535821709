"""Health checks: register them, run them together, remember the answer for a moment.

*Source:* the shape of a report follows "Health Check Response Format for HTTP APIs",
https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

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
"""A function, plain or async: ``None`` and ``True`` pass, ``False`` and an exception fail."""
_Check = TypeVar("_Check", bound=HealthCheck)


@dataclass(slots=True)
class _Registered:
    name: str
    check: HealthCheck
    probes: frozenset[Probe]
    grace: float
    failing_since: float | None = None


@dataclass(frozen=True, slots=True)
class _Remembered:
    until: float
    report: asyncio.Task[HealthReport]


class Health:
    """Hold an application's health checks and answer its probes.

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
        self, name: str | None = None, *, probes: tuple[Probe, ...] = (Probe.READY,)
    ) -> Callable[[_Check], _Check]:
        """Register a function as a check, as a decorator.

        Args:
            name: Name in the report; the function's own name by default.
            probes: Which probes ask it.

        Raises:
            ValueError: A check of that name exists.
        """

        def register(function: _Check) -> _Check:
            own_name = str(getattr(function, "__name__", "check"))
            self.add(name or own_name, function, probes=probes)
            return function

        return register

    def add(
        self,
        name: str,
        check: HealthCheck,
        *,
        probes: tuple[Probe, ...] = (Probe.READY,),
        grace: float = 0.0,
    ) -> None:
        """Register a check.

        Args:
            name: Name in the report.
            check: What to ask.
            probes: Which probes ask it.
            grace: Seconds for which a failure only warns, because it is expected to pass.

        Raises:
            ValueError: A check of that name exists.
        """
        if name in self._checks:
            raise ValueError(f"A health check called {name!r} exists; choose another name")
        self._checks[name] = _Registered(name, check, frozenset(probes), grace)
        self._remembered.clear()

    async def report(self, probe: Probe) -> HealthReport:
        """Return the report of a probe; callers within the cache time share one run."""
        now = self._clock.monotonic()
        remembered = self._remembered.get(probe)
        if remembered is None or (remembered.report.done() and now >= remembered.until):
            # A task of its own: a prober that hangs up must not take the answer from the others.
            run = asyncio.create_task(self._run(probe))
            remembered = _Remembered(now + self._settings.cache_seconds, run)
            self._remembered[probe] = remembered
        return await asyncio.shield(remembered.report)

    async def _run(self, probe: Probe) -> HealthReport:
        asked = [check for check in self._checks.values() if probe in check.probes]
        outcomes = tuple(await asyncio.gather(*map(self._ask, asked)))
        return HealthReport(_worst(outcomes), outcomes)

    async def _ask(self, registered: _Registered) -> CheckOutcome:
        time, started = self._clock.now(), self._clock.monotonic()
        result = await self._answer(registered.check)
        result = self._with_grace(registered, result, started)
        return CheckOutcome(registered.name, result, self._clock.monotonic() - started, time)

    async def _answer(self, check: HealthCheck) -> CheckResult:
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                answer = check()
                if isinstance(answer, Awaitable):
                    answer = await answer
        except TimeoutError:
            seconds = self._settings.timeout_seconds
            return CheckResult(HealthStatus.FAIL, f"no answer within {seconds:g} s")
        except Exception as error:
            return CheckResult(HealthStatus.FAIL, f"{type(error).__name__} was raised")
        if isinstance(answer, CheckResult):
            return answer
        return CheckResult(HealthStatus.FAIL if answer is False else HealthStatus.PASS)

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


def _worst(outcomes: tuple[CheckOutcome, ...]) -> HealthStatus:
    found = {outcome.result.status for outcome in outcomes}
    ranked = (HealthStatus.FAIL, HealthStatus.WARN)
    return next((status for status in ranked if status in found), HealthStatus.PASS)
