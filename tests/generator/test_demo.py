"""`fastnfurious demo`: from nothing to a service that answers."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fastnfurious_generator.demo import run_demo
from tests.template.requests import free_port, get, wait_ready


@pytest.mark.slow
def test_demo_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    """It renders, installs, tests and serves; what it invites to fetch answers; Ctrl-C ends it."""
    port = free_port()
    code = "from fastnfurious_generator.cli import main; main()"
    command = [sys.executable, "-c", code, "demo", str(tmp_path / "svc"), "--port", str(port)]
    with (tmp_path / "printed").open("w+") as printed:
        process = subprocess.Popen(command, stdout=printed, stderr=subprocess.STDOUT)
        try:
            wait_ready(process, port, timeout=240)
            urls = re.findall(r"http://[\d.:]+/\S+", (tmp_path / "printed").read_text())
            statuses = {url.partition(str(port))[2]: get(url)[0] for url in urls}
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=10) == 0
        finally:
            process.kill()
            process.wait()
    assert statuses.pop("/notes/7") == 404
    assert {"/docs", "/notes", "/metrics"} <= statuses.keys()
    assert set(statuses.values()) == {200}


def test_demo_keeps_a_service_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second demonstration uses the first one's folder; a failing step ends it with its code."""
    (tmp_path / "tasks.py").touch()
    monkeypatch.setattr(subprocess, "call", lambda command, cwd: 7)
    assert run_demo(tmp_path, port=1) == 7
    assert "delete the folder to begin anew" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["tasks.py"]
