"""`fastnfurious new` in a terminal asks what the options leave open."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="terminals of this kind are a POSIX matter")


class Terminal:
    """Run a command in a terminal and talk to it.

    Args:
        command: What to run.
        folder: Where to run it.
    """

    def __init__(self, command: list[str], folder: Path) -> None:
        self.shown = ""
        self._ours, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "200", "LINES": "50"}
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)

    def wait_for(self, text: str) -> None:
        """Read until the terminal has shown a text since the last one."""
        deadline = time.monotonic() + 30
        while text not in self.shown and time.monotonic() < deadline:
            if select.select([self._ours], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self._ours, 65536).decode(errors="replace")
                except OSError:
                    break
        assert text in self.shown, self.shown[-2000:]
        self.shown = self.shown.split(text, 1)[1]

    def type(self, keys: bytes) -> None:
        """Type."""
        os.write(self._ours, keys)

    def close(self) -> None:
        """End the command, if it still runs."""
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


def new(folder: Path, *arguments: str) -> Terminal:
    """Begin `fastnfurious new` in a terminal."""
    code = "from fastnfurious_generator.cli import main; main()"
    return Terminal([sys.executable, "-c", code, "new", *arguments], folder)


@pytest.mark.slow
def test_questions_are_asked_for_what_is_open(tmp_path: Path) -> None:
    """What is given is not asked again, a wrong answer can be corrected, Enter means default."""
    given = ["--kind", "http", "--author", "Ada", "--set", "deployment=", "--set", "license=MIT"]
    terminal = new(tmp_path, "svc", *given, "--set", "python_version=3.11", "--source", "")
    try:
        terminal.wait_for("What the service does")
        terminal.type(b"\x15Keeps orders\r")
        terminal.wait_for("Their e-mail address")
        terminal.type(b"nobody\r")
        terminal.wait_for("is not accepted")
        terminal.type(b"\x15ada@example.com\r")
        terminal.wait_for("Backing services")
        terminal.type(b" \r")
        terminal.wait_for("Add worked examples")
        terminal.type(b"n")
        terminal.wait_for("Where the pipeline runs")
        terminal.type(b"\x1b[B\r")
        terminal.wait_for("Name of the Python package")
        terminal.type(b"\r")
        terminal.wait_for("Name of its command")
        terminal.type(b"\r")
        terminal.wait_for("svc is ready")
        assert terminal.process.wait(timeout=10) == 0
    finally:
        terminal.close()
    project = (tmp_path / "svc" / "pyproject.toml").read_text()
    assert 'description = "Keeps orders"' in project
    assert 'name = "Ada", email = "ada@example.com"' in project
    assert '"fastnfurious[oidc,s3,sql]>=' in project
    assert (tmp_path / "svc" / ".gitlab-ci.yml").exists()
    assert not (tmp_path / "svc" / "src" / "svc" / "notebook.py").exists()


@pytest.mark.slow
def test_wrong_answer_is_refused_before_the_first_question(tmp_path: Path) -> None:
    """Nobody types ten answers to learn that an option was wrong."""
    terminal = new(tmp_path, "svc", "--set", "command_name=pytest")
    try:
        terminal.wait_for('command_name: "pytest" is taken')
        assert terminal.process.wait(timeout=10) == 2
    finally:
        terminal.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_interrupted_questions_leave_nothing(tmp_path: Path) -> None:
    """Ctrl-C at a question ends with 130 and no folder."""
    terminal = new(tmp_path, "svc")
    try:
        terminal.wait_for("What the service does")
        terminal.type(b"\x03")
        terminal.wait_for("stopped; nothing was written")
        assert terminal.process.wait(timeout=10) == 130
    finally:
        terminal.close()
    assert list(tmp_path.iterdir()) == []
