"""Conformance tests get their servers here, and a closing table says what each contract ran on.

``REQUIRE_REAL=nats,postgres`` turns a server that is missing from a skip into a failure.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable

import pytest

from servers.endpoint import Endpoint, Fidelity
from servers.fleet import find

__all__ = ["Backing", "backing"]

_RAN_ON = "fastnfurious_ran_on"
_REQUIRED = "REQUIRE_REAL"
_EMBEDDED = "embedded"

Backing = Callable[..., Endpoint | None]
"""``backing(contract, server, least=…)`` gives where to run; ``None`` for the stand-in."""


@pytest.fixture
def backing(request: pytest.FixtureRequest) -> Backing:
    """Return what gives a test its server, and skips the test when there is none.

    A fixture of a conformance suite calls it once for each way to run::

        @pytest.fixture(params=["embedded", "nats"])
        def address(request, backing):
            endpoint = backing("nats", request.param)
            return endpoint.url if endpoint else None

    ``least`` names the least fidelity that the test accepts.
    """

    def choose(
        contract: str, server: str = _EMBEDDED, *, least: Fidelity = Fidelity.COMPATIBLE
    ) -> Endpoint | None:
        endpoint = None if server == _EMBEDDED else find(server)
        lacking = _lacking(server, endpoint, least)
        request.node.user_properties.append((_RAN_ON, (contract, _named(server, endpoint))))
        if lacking is None:
            return endpoint
        if server in _required():
            pytest.fail(f"{_REQUIRED} asks for it, but {lacking}", pytrace=False)
        pytest.skip(lacking)

    return choose


def _lacking(server: str, endpoint: Endpoint | None, least: Fidelity) -> str | None:
    if server == _EMBEDDED:
        return None
    if endpoint is None:
        return f"{server} is not running: `inv servers.up --names {server}`"
    if not endpoint.fidelity.is_at_least(least):
        return f"{server} is only {endpoint.fidelity}; this test asks for {least}"
    return None


def _named(server: str, endpoint: Endpoint | None) -> str:
    return f"{server} {endpoint.version} ({endpoint.fidelity})" if endpoint else server


def _required() -> set[str]:
    return {name.strip() for name in os.environ.get(_REQUIRED, "").split(",")}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the closing table."""
    counts = _counts(terminalreporter)
    if not counts:
        return
    terminalreporter.section("what the contracts ran on")
    for contract, server in sorted({(contract, server) for contract, server, _ in counts}):
        outcomes = ", ".join(
            f"{counts[contract, server, outcome]} {outcome}"
            for outcome in ("passed", "failed", "skipped")
            if counts[contract, server, outcome]
        )
        terminalreporter.write_line(f"{contract:12} {server:32} {outcomes}")
    for reason in sorted(_reasons(terminalreporter)):
        terminalreporter.write_line(f"skipped: {reason}")


def _counts(reporter: pytest.TerminalReporter) -> Counter[tuple[str, str, str]]:
    """Count the tests for each contract, server and outcome."""
    return Counter(
        (*where, _outcome(category))
        for category in ("passed", "failed", "error", "skipped")
        for report in reporter.stats.get(category, [])
        for where in _places(report)
    )


def _outcome(category: str) -> str:
    return "failed" if category == "error" else category


def _places(report: object) -> list[tuple[str, str]]:
    # Not every report is a test's: a module that cannot be collected has none of these.
    properties = getattr(report, "user_properties", ())
    return [tuple(value) for name, value in properties if name == _RAN_ON]


def _reasons(reporter: pytest.TerminalReporter) -> set[str]:
    return {
        str(report.longrepr[2]).removeprefix("Skipped: ")
        for report in reporter.stats.get("skipped", [])
        if _places(report)
    }
