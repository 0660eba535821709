"""The benchmark of the integrations runs; what it measures is no matter of a test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.integrations.__main__ import AREAS
from servers.plugin import Backing

ROOT = Path(__file__).resolve().parents[3]


def run(*options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the benchmark's command."""
    command = [sys.executable, "-m", "benchmarks.integrations", *options]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, env=variables or None
    )


@pytest.mark.slow
@pytest.mark.parametrize("area", AREAS)
def test_the_benchmark_of_an_integration_runs(area: str, backing: Backing) -> None:
    """Two shortest turns give a figure for everybody who takes part."""
    for server in AREAS[area]:
        if server is not None:
            backing(f"bench {area}", server)
    ended = run(f"--only={area}", "--turns=2", "--seconds=0.001", "--json")
    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout)
    assert report["figures"]
    assert all(figure["ratio"]["median"] > 0 for figure in report["figures"])
    assert all(
        len(score["rate"]) == 2 for each in report["contests"] for score in each["scores"].values()
    )


@pytest.mark.slow
def test_the_first_uses_are_timed() -> None:
    """Each integration is used in a process of its own, and so is none of them."""
    ended = run("--only=starts", "--turns=1", "--json")
    assert ended.returncode == 0, ended.stderr
    starts = json.loads(ended.stdout)["starts"]
    assert list(starts) == ["nothing", "nats", "s3", "oidc", "sql"]
    assert all(len(found) == 1 and found[0] > 0 for found in starts.values())


def test_a_server_that_is_not_running_is_named(tmp_path: Path) -> None:
    """Without its server an area is not measured: the message says how to start it."""
    ended = run("--only=nats", FASTNFURIOUS_SERVERS=str(tmp_path))
    assert ended.returncode == 2
    assert "inv servers.up --names nats" in " ".join(ended.stderr.split())


def test_an_unknown_area_is_refused() -> None:
    """The message names the areas that there are."""
    ended = run("--only=smoke-signals")
    assert ended.returncode == 2
    assert "smoke-signals is none of nats" in " ".join(ended.stderr.split())
