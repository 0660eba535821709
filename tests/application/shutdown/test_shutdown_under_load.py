"""A service that is stopped while it works loses nothing; `load` says what that means."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from tests.application.shutdown.load import Load, Report
from tests.application.shutdown.process import ServiceProcess

# The clients share the processors with the service that they load, and may have to wait for one.
pytestmark = pytest.mark.loop_may_block


async def _stop_under_load(service: ServiceProcess, after: float, *, tls: bool) -> Report:
    load = Load(service.port, tls=tls)
    running = asyncio.create_task(load.run())
    await asyncio.sleep(after)
    load.signalled = True
    service.signal()
    return await running


def _run(*options: str, seed: int, tls: bool = False) -> Report:
    chance = random.Random(seed)
    with ServiceProcess(*options) as service:
        service.wait_ready()
        report = asyncio.run(_stop_under_load(service, chance.uniform(0.2, 1.0), tls=tls))
        assert not report.violations, "\n".join(report.violations)
        assert service.wait() == 0, service.output[-5000:]
    assert report.completed > 10 and report.completed_late > 0
    return report


@pytest.mark.parametrize("seed", range(5))
def test_no_accepted_request_is_lost(seed: int) -> None:
    """SIGTERM at a random moment under load: every accepted request is answered, exit code 0."""
    _run(seed=seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(50))
def test_no_accepted_request_is_lost_in_many_runs(seed: int) -> None:
    """The same, often enough to meet what happens rarely."""
    _run(seed=1000 + seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_no_accepted_request_is_lost_with_workers(seed: int) -> None:
    """Two workers that share a socket lose nothing either."""
    _run("--workers", "2", seed=seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_no_accepted_request_is_lost_with_tls(certificate: Path, seed: int) -> None:
    """A connection counts as accepted once its TLS handshake is complete."""
    _run("--ssl-certfile", str(certificate), seed=seed, tls=True)


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["alone", "workers"])
def test_an_idle_service_stops_at_once(options: tuple[str, ...]) -> None:
    """SIGTERM ends an idle service in under two seconds with exit code 0."""
    with ServiceProcess(*options) as service:
        service.wait_ready()
        time.sleep(0.5)
        started = time.monotonic()
        service.signal()
        assert service.wait() == 0, service.output
        assert time.monotonic() - started < 2
