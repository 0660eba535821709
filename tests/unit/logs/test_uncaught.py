"""Exceptions that nobody caught: each is one line, and Python's own ways come back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from .conftest import Start

PROGRAM = """
import sys, threading
from pydantic import SecretStr
from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.logs.integration import Logs
from fastnfurious.logs.settings import LogSettings

logs = Logs(LogSettings.load(format="json"), FastNFuriousSettings.load())
logs.redact("s3cret")
logs.install()

def fail():
    raise ValueError("s3cret in a thread")

class Fragile:
    def __del__(self):
        raise ValueError("s3cret in a destructor")

def leave():
    sys.exit(3)

for target in (fail, leave):
    thread = threading.Thread(target=target, name="worker")
    thread.start()
    thread.join()
fragile = Fragile()
del fragile
raise {error}
"""


def run(error: str) -> tuple[int, list[str]]:
    """Run the program and return its exit code and what it wrote to stderr."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(error=error)],
        stderr=subprocess.PIPE,
        env=os.environ,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stderr.splitlines()


@pytest.fixture
def hooks() -> Iterator[None]:
    """Take the test runner's own hooks away for a moment."""
    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    sys.excepthook = sys.__excepthook__
    threading.excepthook = threading.__excepthook__
    sys.unraisablehook = sys.__unraisablehook__
    yield
    sys.excepthook, threading.excepthook, sys.unraisablehook = before


def test_each_is_one_line_without_secrets() -> None:
    """Threads, destructors and the process itself end in lines, and the exit code stays."""
    code, output = run('ValueError("s3cret in the process")')
    lines = [json.loads(text) for text in output]
    assert code == 1
    assert [line["level"] for line in lines] == ["ERROR", "ERROR", "CRITICAL"]
    messages = [line["exception"]["message"] for line in lines]
    assert messages == [
        f"********** in {place}" for place in ("a thread", "a destructor", "the process")
    ]
    assert all("Traceback" in line["exception"]["trace"] for line in lines)
    assert lines[0]["extra"] == {"thread_name": "worker"}


def test_an_interrupt_stays_pythons_own() -> None:
    """Ctrl-C in a program without a handler looks as it always does."""
    _, output = run("KeyboardInterrupt")
    assert output[-1] == "KeyboardInterrupt"


@pytest.mark.usefixtures("hooks")
def test_hooks_are_given_back(start: Start) -> None:
    """Afterwards Python prints such exceptions itself again."""
    logs = start()
    assert threading.excepthook is not threading.__excepthook__
    logs.restore()
    assert sys.excepthook is sys.__excepthook__
    assert threading.excepthook is threading.__excepthook__
    assert sys.unraisablehook is sys.__unraisablehook__


@pytest.mark.usefixtures("hooks")
def test_hooks_of_others_are_left_alone(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever listens already, an error tracker for example, goes on listening."""

    def tracker(args: object) -> None:
        """Do nothing."""

    monkeypatch.setattr(threading, "excepthook", tracker)
    logs = start()
    assert threading.excepthook is tracker
    logs.restore()
    assert threading.excepthook is tracker
