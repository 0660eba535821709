"""The pytest plugin that puts FastNFuriousAPI in the place of FastAPI, for FastAPI's own tests.

It is loaded in their process, before the first test module is imported, and writes down which
tests failed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastapi
import fastapi.applications
import pytest
from opentelemetry import trace
from opentelemetry.util._once import Once

__all__ = ["substitute"]

FAILED: dict[str, str] = {}
OTHERS: dict[str, None] = {}


def substitute(**options: Any) -> None:
    """Let ``from fastapi import FastAPI`` give a class of ours.

    Args:
        options: What the class is called with in addition, unless a test says otherwise.
    """
    from fastnfurious.application.app import FastNFuriousAPI

    class Substitute(FastNFuriousAPI):
        """FastNFuriousAPI with these options."""

        def __init__(self, **given: Any) -> None:
            super().__init__(**{**options, **given})

    fastapi.FastAPI = fastapi.applications.FastAPI = Substitute  # type: ignore[misc]


def pytest_configure(config: pytest.Config) -> None:
    """Substitute before anything of the suite is imported."""
    way = os.environ["FASTAPI_SUITE_WAY"]
    if way != "plain":
        substitute(problem_details=way == "problems")


@pytest.fixture(autouse=True)
def tracer_provider_of_each_test() -> Iterator[None]:
    """Take back the process's tracer provider: whose test comes next depends on the workers."""
    before = trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE
    trace._TRACER_PROVIDER_SET_ONCE = Once()
    trace._TRACER_PROVIDER_SET_ONCE._done = before[1]._done
    yield
    trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE = before


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note a test that failed, or whose set-up or tear-down failed."""
    if report.failed:
        FAILED.setdefault(report.nodeid, _error(report))
    elif report.when == "call" or report.skipped:
        OTHERS.setdefault(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Note a test module that could not be imported."""
    if report.failed:
        FAILED.setdefault(report.nodeid, _error(report))


def _error(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return the first line that says what went wrong."""
    lines = report.longreprtext.splitlines()
    return next((line[2:].strip() for line in lines if line.startswith("E ")), "no reason given")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write down the failures, in the process that collects those of all workers."""
    if not hasattr(session.config, "workerinput"):
        report = {"failed": FAILED, "others": [test for test in OTHERS if test not in FAILED]}
        Path(os.environ["FASTAPI_SUITE_REPORT"]).write_text(json.dumps(report, indent=1))
