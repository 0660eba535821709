"""The benchmark of a service's start runs; what it measures is no matter of a test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
def test_the_benchmark_of_the_start_runs() -> None:
    """One round gives the seconds of both, and their ratio."""
    command = [sys.executable, "-m", "benchmarks.service", "--rounds=1", "--json"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout)
    for row in (report["seconds"], report["cpu"]):
        [ours], [theirs] = row["rendered"], row["bare"]
        assert row["ratio"]["median"] == ours / theirs
