"""FastAPI's own tests pass with our class in FastAPI's place, save for the reviewed list."""

from __future__ import annotations

import pytest

from tests.application.fastapi_suite.patterns import matches, patterns_for
from tests.application.fastapi_suite.suite import WAYS, Outcome, Suite, discrepancies


@pytest.mark.slow
@pytest.mark.parametrize("way", ["problems", "bodies"])
def test_fastapis_own_tests_fail_only_where_we_differ_on_purpose(way: str) -> None:
    """The tests that fail are exactly those listed, each with the reason, in differences.toml."""
    assert discrepancies(Suite().run(way), way) == [], WAYS[way]


def test_whatever_is_not_as_listed_is_reported() -> None:
    """A new failure, a failure of another kind and a listed test that passes are all reported."""
    schema = "tests/test_application.py::test_openapi_schema"
    application = "tests/test_application.py::test_get_path[/nonexistent-404-expected_response2]"
    outcome = Outcome(
        failed={"tests/test_new.py::test_it": "assert False", schema: "assert 500 == 200"},
        others=[application],
    )
    found = discrepancies(outcome, "problems", whole=False)
    assert found[:2] == [
        "tests/test_new.py::test_it fails: assert False",
        f"{schema} fails: assert 500 == 200",
    ]
    assert found[2:] == [f"{application} passes, and is listed as {application!r}"]


def test_patterns_name_what_they_are_asked_to_name_and_nothing_else() -> None:
    """Few patterns stand for many tests, and a test that passes is in none of them."""
    tests = {f"tests/{file}.py::test_{name}" for file in "abc" for name in ("body", "schema")}
    others = {"tests/b.py::test_body", "tests/d.py::test_fine"}
    patterns = patterns_for(tests - others, others)
    assert len(patterns) == 3
    named = {test for test in tests | others for pattern in patterns if matches(test, pattern)}
    assert named == tests - others
