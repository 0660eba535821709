"""The suite itself: it notices when the embedded server is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.nats.breakages import BREAKAGES

HERE = Path(__file__).parent


@pytest.mark.slow
@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_broken_stand_in_is_caught(breakage: str) -> None:
    """By at least one of the tests that every server has to pass."""
    names = ("test_wire.py", "test_subjects.py", "test_jetstream_wire.py")
    files = [HERE / name for name in names]
    plugins = ["-p", "no:cacheprovider", "-p", "tests.conformance.nats.breakages"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-k", "embedded", *plugins, *files],
        cwd=HERE.parents[2],
        env={**os.environ, "BREAK_NATS": breakage},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1, done.stdout[-2000:]
    assert "1 failed" in done.stdout
