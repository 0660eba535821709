"""The tasks of this repository: ``inv --list`` names them, ``inv --help <task>`` explains one.

Every task runs in ``.venv``, whether or not it is active, and exits non-zero on failure.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from invoke.collection import Collection
from invoke.context import Context
from invoke.tasks import task

from servers.tasks import collection as servers

ROOT = Path(__file__).resolve().parent
SCRIPTS = ROOT / ".venv" / ("Scripts" if os.name == "nt" else "bin")
RESULTS = ".cache/conformance.json"
CODE = "runtime generator servers tests benchmarks docs/scripts conftest.py tasks.py bootstrap.py"


def run(context: Context, command: str) -> None:
    """Run a command of the environment from the root of the repository."""
    with context.cd(str(ROOT)):
        context.run(command, env=environment())


def environment() -> dict[str, str]:
    """Return the variables in which the commands of ``.venv`` come first."""
    path = f"{SCRIPTS}{os.pathsep}{os.environ.get('PATH', '')}"
    # MkDocs prints a notice about its future, at each build, unless it is told not to.
    notice = {"NO_MKDOCS_2_WARNING": "1"}
    return {**os.environ, **notice, "PATH": path, "VIRTUAL_ENV": str(ROOT / ".venv")}


@task
def lock(context: Context) -> None:
    """Resolve the development dependencies anew and write requirements-dev.txt."""
    options = "--universal --python-version 3.11 --generate-hashes --no-header --no-annotate"
    groups = "--extra all --group dev"
    run(
        context,
        f"uv pip compile -q --upgrade {options} {groups} pyproject.toml -o requirements-dev.txt",
    )


@task(help={"check": "Change nothing; fail if something would change."})
def format(context: Context, check: bool = False) -> None:
    """Sort imports with isort, then format with black."""
    flag = "--check" if check else ""
    run(context, f"isort -q {flag} {CODE}")
    run(context, f"black -q {flag} {CODE}")


@task
def flake8(context: Context) -> None:
    """Lint with flake8 and hold the import contracts with import-linter."""
    run(context, f"flake8 {CODE}")
    run(context, "lint-imports --no-logo" if (ROOT / ".importlinter").exists() else "true")


@task
def typecheck(context: Context) -> None:
    """Check the types of everything with mypy, strictly."""
    run(context, "mypy")


@task(
    help={
        "fast": "Leave out the tests marked slow.",
        "keyword": "Run only the tests that match this expression (pytest -k).",
        "no_coverage": "Do not measure coverage.",
        "path": "Run only the tests under this file or folder.",
    }
)
def test(
    context: Context,
    fast: bool = False,
    keyword: str = "",
    no_coverage: bool = False,
    path: str = "",
) -> None:
    """Run the tests, with branch coverage; a run of all of them has to reach 95 %."""
    coverage = "" if no_coverage else "--cov --cov-report=term --cov-report=xml"
    if coverage and not (fast or keyword or path):
        coverage += " --cov-fail-under=95"
    marks = '-m "not slow"' if fast else ""
    chosen = f'-k "{keyword}"' if keyword else ""
    results = f"--conformance-results {RESULTS}"
    # A test that hangs shows where, and fails, before the pipeline's own patience ends.
    bound = "-o faulthandler_timeout=900 -o faulthandler_exit_on_timeout=true"
    run(context, f"pytest {path} -n 2 {results} {bound} {coverage} {marks} {chosen}")


@task(help={"check": "Change nothing; fail if the page is not what the tests have proved."})
def capabilities(context: Context, check: bool = False) -> None:
    """Write what the stand-ins and the servers can do, from the results of the last `inv test`."""
    run(context, f"python docs/scripts/capabilities.py {RESULTS} {'--check' if check else ''}")


@task(help={"serve": "Serve the pages and follow changes, in place of building them."})
def docs(context: Context, serve: bool = False) -> None:
    """Build the documentation, strictly."""
    run(context, "mkdocs serve" if serve else "mkdocs build --strict --quiet")


@task
def record(context: Context) -> None:
    """Make the terminal recording of the README anew; port 8000 has to be free."""
    run(context, "python docs/scripts/record.py")


@task
def screenshot(context: Context) -> None:
    """Take the pictures of the docs' login anew; needs `inv servers.up --names chromium`."""
    run(context, "python docs/scripts/screenshot.py")


@task
def build(context: Context) -> None:
    """Build the sdist and the wheel into dist/, and check their metadata."""
    run(context, "python -m build --outdir dist .")
    run(context, "twine check --strict dist/*")


@task
def check(context: Context) -> None:
    """Run everything that has to pass: format, lint, types, tests, docs, build."""
    format(context, check=True)
    flake8(context)
    typecheck(context)
    test(context)
    docs(context)
    build(context)


@task(
    help={
        "directory": "Folder to render the service into; it must not exist.",
        "port": "Port to serve on.",
    }
)
def demo(context: Context, directory: str = "demo/my-service", port: int = 8000) -> None:
    """Render a service with the default answers, install it, test it and serve it until Ctrl-C."""
    arguments = ["fastnfurious", "demo", directory, "--port", str(port)]
    if os.name == "nt":
        run(context, " ".join(arguments))
        return
    # It takes the place of this process, so that the service has the terminal and gets Ctrl-C.
    os.chdir(ROOT)
    os.execve(SCRIPTS / arguments[0], arguments, environment())


@task(
    help={
        "lock": "Resolve the packages that the suite needs anew, and run nothing.",
        "propose": "Name the tests that fail without being listed, in few patterns.",
        "way": "Run one way only: problems, bodies or plain (FastAPI itself).",
    }
)
def fastapi_suite(
    context: Context, lock: bool = False, propose: bool = False, way: str = ""
) -> None:
    """Run FastAPI's own test-suite with FastNFuriousAPI in FastAPI's place."""
    options = ("--lock " if lock else "") + ("--propose " if propose else "")
    options += f"--way {way}" if way else ""
    run(context, f"python -m tests.application.fastapi_suite.suite {options}")


@task(
    help={
        "area": "What to measure: chassis, integrations, or service.",
        "rounds": "chassis, service: how often each server has its turn.",
        "requests": "chassis: requests in a turn.",
        "turns": "integrations: how often everybody has a turn.",
        "short": "integrations: only a few, shorter turns.",
        "only": "integrations: areas, with commas between them.",
        "json": "Print JSON in place of a table.",
    },
)
def bench(
    context: Context,
    area: str,
    rounds: int = 0,
    requests: int = 0,
    turns: int = 0,
    short: bool = False,
    only: str = "",
    json: bool = False,
) -> None:
    """Measure one area against its alternatives, side by side."""
    numbers = {"rounds": rounds, "requests": requests, "turns": turns, "only": only}
    options = [f"--{name}={value}" for name, value in numbers.items() if value]
    options += [f"--{name}" for name, wanted in {"short": short, "json": json}.items() if wanted]
    run(context, " ".join(["python", "-m", f"benchmarks.{area}", *options]))


namespace = Collection.from_module(sys.modules[__name__])
namespace.add_collection(servers)
