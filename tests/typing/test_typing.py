"""What a type checker tells the users of the library."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

pytestmark = pytest.mark.slow

REFUSED = {
    "misspelt attribute": (
        "from fastnfurious import FastNFuriousAPI\nFastNFuriousAPI().tarcer",
        'has no attribute "tarcer"',
    ),
    "misspelt storage method": (
        "from fastnfurious import FastNFuriousAPI\nFastNFuriousAPI().s3['models'].gte('a')",
        '"Bucket" has no attribute "gte"',
    ),
    "misspelt database method": (
        "from fastnfurious import FastNFuriousAPI\nFastNFuriousAPI().db.exceute('SELECT 1')",
        '"SqlClient" has no attribute "exceute"',
    ),
    "rows that were not waited for": (
        "from fastnfurious import FastNFuriousAPI\n"
        "rows: list[dict[str, object]] = FastNFuriousAPI().db.execute('SELECT 1')",
        'expression has type "Rows"',
    ),
    "misspelt message method": (
        "from fastnfurious import FastNFuriousAPI\nFastNFuriousAPI().nats.pubish('a', b'x')",
        '"NatsClient" has no attribute "pubish"',
    ),
    "wrong option": (
        "from fastnfurious import FastNFuriousAPI\nFastNFuriousAPI(problem_details='no')",
        'expected "bool"',
    ),
    "settings of no service": (
        "from fastnfurious import FastNFuriousAPI\nFastNFuriousAPI(settings=dict)",
        'expected "FastNFuriousSettings | type[FastNFuriousSettings]"',
    ),
    "command without an application": (
        "from fastnfurious.cli import command\nmain = command()",
        'Missing positional argument "app"',
    ),
    "command of an application": (
        "from fastnfurious import FastNFuriousAPI\n"
        "from fastnfurious.cli import command\n"
        "main = command(FastNFuriousAPI())",
        'has incompatible type "FastNFuriousAPI"; expected "str"',
    ),
    "command with an argument": (
        "from fastnfurious.cli import command\ncommand('shop:app')(1)",
        "Too many arguments",
    ),
    "status that is text": (
        "from fastnfurious import HTTPException\nraise HTTPException('404')",
        'expected "int"',
    ),
    "exchange of the settings": (
        "from fastnfurious import FastNFuriousAPI, FastNFuriousSettings\n"
        "FastNFuriousAPI().settings.service_name = 'shop'",
        "is read-only",
    ),
    "misspelt setting": (
        "from fastnfurious import FastNFuriousSettings\nFastNFuriousSettings().servcie_name",
        'has no attribute "servcie_name"',
    ),
    "name that is not public": (
        "from fastnfurious import Nothing",
        'has no attribute "Nothing"',
    ),
    "misspelt fixture method": (
        "from fastnfurious.tracing.testing import RecordedSpans\n"
        "def test(spans: RecordedSpans) -> None:\n    spans.fnid('x')",
        'has no attribute "fnid"',
    ),
    "wrong use of a fixture": (
        "from fastnfurious.testing import FrozenClock\n"
        "def test(clock: FrozenClock) -> None:\n    clock.advance('1 minute')",
        'expected "float"',
    ),
    "decorator that forgets nothing": (
        "from fastnfurious import FastNFuriousAPI\n"
        "@FastNFuriousAPI().tracer.create_child_span('x')\n"
        "def price(item: str) -> float:\n    return 1.0\n"
        "price(1)",
        'expected "str"',
    ),
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Return what mypy says about each program, all of them checked in one run."""
    folder = tmp_path_factory.mktemp("programs")
    shutil.copy(ROOT / "tests" / "typing" / "accepted.py", folder / "accepted.py")
    for name, (source, _) in REFUSED.items():
        (folder / file_of(name)).write_text(f"{source}\n")
    (folder / "mypy.ini").write_text("[mypy]\nstrict = true\nplugins = pydantic.mypy\n")
    cache = ROOT / ".cache" / "mypy-programs"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", f"--cache-dir={cache}", "--no-error-summary", "."],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert not done.stderr
    said: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        said.setdefault(Path(line.partition(":")[0]).name, []).append(line)
    return said


def file_of(name: str) -> str:
    """Return the file of a refused program."""
    return f"{name.replace(' ', '_')}.py"


def test_a_service_and_its_tests_are_accepted(report: dict[str, list[str]]) -> None:
    """Attributes, fixtures and the command have the types that their documentation says."""
    assert report.get("accepted.py", []) == []


@pytest.mark.parametrize("name", REFUSED)
def test_wrong_use_is_refused(report: dict[str, list[str]], name: str) -> None:
    """A mistake is found before the program runs."""
    errors = [line for line in report.get(file_of(name), []) if ": error:" in line]
    assert len(errors) == 1, errors
    assert REFUSED[name][1] in errors[0]
