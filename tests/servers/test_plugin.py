"""A conformance test gets its server, or says in the closing table why it has none."""

from __future__ import annotations

import json
import textwrap

import pytest

SUITE = """
    import pytest

    @pytest.fixture(params=["embedded", "nats"])
    def endpoint(request, backing):
        return backing("messages", request.param)

    def test_it(endpoint):
        pass
"""


@pytest.fixture(autouse=True)
def no_servers(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for servers in an empty folder."""
    monkeypatch.setenv("FASTNFURIOUS_SERVERS", str(pytester.path))
    monkeypatch.delenv("REQUIRE_REAL", raising=False)
    pytester.makepyfile(SUITE)


def test_a_missing_server_skips_with_its_reason(pytester: pytest.Pytester) -> None:
    """The table counts the tests for each server, and names what would help."""
    result = pytester.runpytest("-p", "servers.plugin", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "*what the contracts ran on*",
            "messages *embedded *1 passed",
            "messages *nats *1 skipped",
            "skipped: nats is not running: `inv servers.up --names nats`",
        ]
    )


def test_a_required_server_fails(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the pipeline requires cannot be skipped."""
    monkeypatch.setenv("REQUIRE_REAL", "postgres, nats")
    result = pytester.runpytest("-p", "servers.plugin", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*REQUIRE_REAL asks for it, but nats is not running*"])


def test_the_results_are_written_down(pytester: pytest.Pytester) -> None:
    """Each test says in words what it proved, where, and what became of it."""
    pytester.makepyfile('"""Messages travel."""\n' + textwrap.dedent(SUITE))
    options = ("-p", "servers.plugin", "-p", "no:cacheprovider")
    pytester.runpytest(*options, "--conformance-results", "kept/results.json")
    path = pytester.path / "kept" / "results.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    assert [(each["server"], each["outcome"]) for each in found] == [
        ("embedded", "passed"),
        ("nats", "skipped"),
    ]
    assert {(each["contract"], each["area"], each["promise"]) for each in found} == {
        ("messages", "Messages travel.", "it")
    }
