"""A probe's answer in the ``application/health+json`` shape.

*Source:* https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06.
"""

from __future__ import annotations

from typing import Any

from fastnfurious.application.lifecycle import Lifecycle, LifecycleState
from fastnfurious.core.health import CheckOutcome, HealthReport, HealthStatus, Probe
from fastnfurious.core.settings import FastNFuriousSettings

__all__ = ["HEALTH_MEDIA_TYPE", "health_document"]

HEALTH_MEDIA_TYPE = "application/health+json"


def health_document(
    probe: Probe, report: HealthReport, service: FastNFuriousSettings, lifecycle: Lifecycle
) -> dict[str, Any]:
    """Return the members of a probe's answer.

    Args:
        probe: Which probe was asked.
        report: What the checks said.
        service: Names the service and its version.
        lifecycle: A service that is not ready fails its readiness, however healthy its parts are.
    """
    reason = _not_now(probe, lifecycle.state)
    document: dict[str, Any] = {
        "status": (HealthStatus.FAIL if reason else report.status).value,
        "version": service.service_version,
        "serviceId": service.service_name,
    }
    if reason:
        document["output"] = reason
    if report.outcomes:
        document["checks"] = {outcome.name: [_check(outcome)] for outcome in report.outcomes}
    return document


def _not_now(probe: Probe, state: LifecycleState) -> str | None:
    if probe is Probe.READY and state is not LifecycleState.READY:
        return f"the service is {state.value}"
    if probe is Probe.STARTUP and state is LifecycleState.STARTING:
        return "the service is starting"
    return None


def _check(outcome: CheckOutcome) -> dict[str, Any]:
    described: dict[str, Any] = {
        "componentType": outcome.component_type,
        "status": outcome.result.status.value,
        "time": outcome.time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "observedValue": round(outcome.latency * 1000, 3),
        "observedUnit": "ms",
    }
    if outcome.result.output is not None and outcome.result.status is not HealthStatus.PASS:
        described["output"] = outcome.result.output
    return described
