"""`fastnfurious demo`: from nothing to a service that answers."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from fastnfurious_generator.demo import run_demo


@pytest.mark.slow
def test_demo_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    """It renders, installs, tests and serves; what it invites to fetch answers; Ctrl-C ends it."""
    port = _free_port()
    code = "from fastnfurious_generator.cli import main; main()"
    command = [sys.executable, "-c", code, "demo", str(tmp_path / "svc"), "--port", str(port)]
    with (tmp_path / "printed").open("w+") as printed:
        process = subprocess.Popen(command, stdout=printed, stderr=subprocess.STDOUT)
        try:
            _wait_answer(process, f"http://127.0.0.1:{port}/health/ready")
            urls = re.findall(r"http://[\d.:]+/\S+", (tmp_path / "printed").read_text())
            statuses = {url.partition(str(port))[2]: _status(url) for url in urls}
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


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_answer(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + 240
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if _status(url) == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer; the exit code is {process.poll()}")


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        with error:
            return error.code
