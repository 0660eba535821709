"""The benchmark of the chassis runs; what it measures is no matter of a test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
def test_the_benchmark_of_the_chassis_runs() -> None:
    """One round with a handful of requests gives every row of the table."""
    command = [sys.executable, "-m", "benchmarks.chassis", "--rounds=1", "--requests=50", "--json"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout)
    assert len(report["figures"]) == 9
    assert all(figure["ours"] > 0 for figure in report["figures"])
