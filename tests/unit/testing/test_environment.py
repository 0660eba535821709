"""In which environment the tests of a service run."""

from __future__ import annotations

import os

import pytest

TESTS = """
import os

SEEN = os.environ.get("ENVIRONMENT")

def test_environment():
    assert (SEEN, os.environ.get("ENVIRONMENT")) == ({0!r}, {0!r})
"""


def run(pytester: pytest.Pytester, expected: str | None, options: str) -> pytest.RunResult:
    """Run tests that look at the environment, also while their conftest.py is imported."""
    pytester.makeconftest(f"import os; assert os.environ.get('ENVIRONMENT') == {expected!r}")
    pytester.makepyfile(test_shop=TESTS.format(expected))
    pytester.makeini(f"[pytest]\naddopts = -pno:cacheprovider\n{options}")
    return pytester.runpytest_subprocess()


@pytest.fixture(autouse=True)
def only_our_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load nothing but the plugin, and set nothing."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "fastnfurious.testing.plugin")
    monkeypatch.delenv("ENVIRONMENT", raising=False)


def test_tests_of_a_service_run_in_the_environment_test(pytester: pytest.Pytester) -> None:
    """What is embedded keeps nothing on the disk that the next run could find."""
    run(pytester, "test", "fastnfurious_app = shop:app").assert_outcomes(passed=1)


def test_another_environment_is_kept(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sets one, means it."""
    monkeypatch.setenv("ENVIRONMENT", "development")
    run(pytester, "development", "fastnfurious_app = shop:app").assert_outcomes(passed=1)


def test_other_projects_are_left_alone(pytester: pytest.Pytester) -> None:
    """Pytest loads the plugin wherever it is installed, also where no service is tested."""
    run(pytester, None, "").assert_outcomes(passed=1)
    assert "ENVIRONMENT" not in os.environ
