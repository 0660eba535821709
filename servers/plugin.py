"""Conformance tests get their servers here, and a closing table says what each contract ran on.

``REQUIRE_REAL=nats,postgres`` turns a server that is missing from a skip into a failure.
``--conformance-results FILE`` writes down what was proved where.
"""

from __future__ import annotations

import inspect
import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from servers.endpoint import Endpoint, Fidelity
from servers.fleet import find

__all__ = ["Backing", "backing"]

_RAN_ON = "fastnfurious_ran_on"
_PROVED = "fastnfurious_proved"
_REQUIRED = "REQUIRE_REAL"
_EMBEDDED = "embedded"
_OPTION = "--conformance-results"
_CATEGORIES = ("passed", "failed", "error", "skipped")

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
        request.node.user_properties.append((_PROVED, (contract, server, *_promise(request))))
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


def _promise(request: pytest.FixtureRequest) -> tuple[str, str, str]:
    """Return where a test stands, and in words what it belongs to and what it proves."""
    file, line, _ = request.node.location
    around = inspect.cleandoc((request.cls or request.module).__doc__ or "").partition("\n")[0]
    name = request.function.__name__.removeprefix("test_").replace("_", " ")
    return f"{file}:{line or 0:05}", around, name


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes the results."""
    parser.addoption(_OPTION, metavar="FILE", help="Write what the contracts proved, as JSON.")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the closing table, and write the results."""
    _print_table(terminalreporter)
    path = terminalreporter.config.getoption(_OPTION)
    if path:
        _write_results(terminalreporter, Path(path))


def _write_results(reporter: pytest.TerminalReporter, path: Path) -> None:
    fields = ("contract", "server", "place", "area", "promise", "outcome")
    found = {
        (*proved, _outcome(category))
        for category in _CATEGORIES
        for report in reporter.stats.get(category, [])
        for proved in _properties(report, _PROVED)
    }
    results = [dict(zip(fields, each)) for each in sorted(found)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1), encoding="utf-8")


def _print_table(terminalreporter: pytest.TerminalReporter) -> None:
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


def _counts(reporter: pytest.TerminalReporter) -> Counter[tuple[str, ...]]:
    """Count the tests for each contract, server and outcome."""
    return Counter(
        (*where, _outcome(category))
        for category in _CATEGORIES
        for report in reporter.stats.get(category, [])
        for where in _properties(report, _RAN_ON)
    )


def _outcome(category: str) -> str:
    return "failed" if category == "error" else category


def _properties(report: object, wanted: str) -> list[tuple[str, ...]]:
    # Not every report is a test's: a module that cannot be collected has none of these.
    properties = getattr(report, "user_properties", ())
    return [tuple(value) for name, value in properties if name == wanted]


def _reasons(reporter: pytest.TerminalReporter) -> set[str]:
    return {
        str(report.longrepr[2]).removeprefix("Skipped: ")
        for report in reporter.stats.get("skipped", [])
        if _properties(report, _RAN_ON)
    }
