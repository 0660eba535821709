"""``check``: whether the service could start here, without starting it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from fastnfurious.cli.effective import effective_settings
from fastnfurious.cli.env_file import EnvFile, use_env_file
from fastnfurious.cli.exit_codes import ExitCode
from fastnfurious.cli.failures import explain
from fastnfurious.cli.output import print_table
from fastnfurious.cli.target import Target
from fastnfurious.core.health import HealthStatus

if TYPE_CHECKING:
    from fastnfurious.application.app import FastNFuriousAPI
    from fastnfurious.core.integration import Integration
    from fastnfurious.core.lifespan import Part

__all__ = ["Finding", "findings", "run_check"]

_TIMEOUT = 10.0
"""Seconds that one part may take to open and to answer."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Say how one part of the service is.

    Attributes:
        part: What was looked at.
        status: ``pass``, ``warn`` or ``fail``, as in the health report.
        detail: Where the part is, or what is wrong with it.
        seconds: How long it took.
    """

    part: str
    status: HealthStatus
    detail: str
    seconds: float


def run_check(ctx: typer.Context, env_file: EnvFile = None) -> int:
    """Load the settings, import the application and open each part once."""
    use_env_file(env_file)
    found = _from_settings(ctx.obj)
    print_table(
        ("PART", "STATUS", "TIME", "DETAIL"),
        [(row.part, row.status, f"{row.seconds * 1000:.0f} ms", row.detail) for row in found],
    )
    failed = any(row.status is HealthStatus.FAIL for row in found)
    return ExitCode.FAILED if failed else ExitCode.OK


def _from_settings(target: Target) -> list[Finding]:
    started = time.perf_counter()
    try:
        app = target.load()
    except Exception as error:
        return [_failed("application", error, started)]
    imported = _passed("application", target.path, started)
    started = time.perf_counter()
    try:
        count = len(effective_settings(app))
    except Exception as error:
        return [imported, _failed("settings", error, started)]
    settings = _passed("settings", f"{count} classes", started)
    return [imported, settings, *asyncio.run(findings(app))]


async def findings(app: FastNFuriousAPI) -> list[Finding]:
    """Open, ask and close each part of an application; one that fails does not stop the others."""
    parts = [await _look_at(part) for part in (app.logs, app.tracing, app.metrics)]
    return [*parts, *[found async for found in _integrations(app)]]


async def _integrations(app: FastNFuriousAPI) -> AsyncIterator[Finding]:
    for name in app.integrations:
        started = time.perf_counter()
        try:
            integration = app.integrations.get(name)
        except Exception as error:
            yield _failed(name, error, started)
        else:
            yield await _ask(integration)


async def _look_at(part: Part) -> Finding:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(_TIMEOUT):
            await part.open()
    except Exception as error:
        return _failed(part.name, error, started)
    finally:
        await part.aclose()
    return _passed(part.name, "", started)


async def _ask(integration: Integration) -> Finding:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(_TIMEOUT):
            await integration.open()
            answer = await integration.check()
        status = integration.status
    except Exception as error:
        return _failed(integration.name, error, started)
    finally:
        await integration.aclose()
    where = f"{status.mode.value}: {status.address}"
    detail = f"{where} ({answer.output})" if answer.output else where
    return Finding(integration.name, answer.status, detail, time.perf_counter() - started)


def _passed(part: str, detail: str, started: float) -> Finding:
    return Finding(part, HealthStatus.PASS, detail, time.perf_counter() - started)


def _failed(part: str, error: Exception, started: float) -> Finding:
    lines = (
        [f"no answer within {_TIMEOUT:g} s"] if isinstance(error, TimeoutError) else explain(error)
    )
    return Finding(part, HealthStatus.FAIL, "; ".join(lines), time.perf_counter() - started)
