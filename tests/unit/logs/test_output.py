"""Writing: whole lines from several processes, after forks, and to streams that are difficult."""

from __future__ import annotations

import fcntl
import io
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fastnfurious.logs.output import Output

WORKER = """
import logging, os, sys
from loguru import logger
from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.logs.integration import Logs
from fastnfurious.logs.settings import LogSettings

logs = Logs(LogSettings.load(format="json"), FastNFuriousSettings.load())
"""

MANY_PROCESSES = WORKER + """
children = []
for number in range(4):
    child = os.fork()
    if child == 0:
        logs.install()
        for index in range(40):
            # Longer than what a pipe takes in one piece, and longer than the pipe.
            logger.info(str(number) * (90_000 if index % 10 == 0 else 6_000))
            logs.access.write(f"{number}-{index}", None, None, "GET", "/", "/", 200, 0.1, None)
        logs.restore()
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
"""

FORK = WORKER + """
logs.install()
logs.access.write("parent-1", None, None, "GET", "/", "/", 200, 0.1, None)
child = os.fork()
name = "child" if child == 0 else "parent-2"
logs.access.write(name, None, None, "GET", "/", "/", 200, 0.1, None)
logger.info("child" if child == 0 else "parent")
logs.flush()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
"""

EXIT = WORKER + """
logs.install()
logs.access.write("held", None, None, "GET", "/", "/", 200, 0.1, None)
print("printed")
"""


def run(code: str, *, slow: bool = False, **environment: str) -> list[str]:
    """Run code in a process of its own and return what it wrote to stderr, line by line."""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )
    assert process.stderr is not None
    found = b""
    while piece := os.read(process.stderr.fileno(), 3000 if slow else 65536):
        found += piece
    assert process.wait(30) == 0, found.decode()[-2000:]
    process.stderr.close()
    return found.decode().splitlines()


def test_lines_of_several_processes_never_mix() -> None:
    """Four workers fill one pipe with long lines; every line parses, and none is missing."""
    lines = [json.loads(line) for line in run(MANY_PROCESSES, slow=True)]
    messages = [line["message"] for line in lines if line["source"]]
    assert len(lines) == 320
    assert all(set(message) == {message[0]} for message in messages)


def test_a_fork_repeats_no_line() -> None:
    """What the parent holds back is written by the parent alone, and the child goes on logging."""
    lines = [json.loads(line) for line in run(FORK, LOG_ACCESS_FLUSH_SECONDS="30")]
    ids = sorted(line["request_id"] or line["message"] for line in lines)
    assert ids == ["child", "child", "parent", "parent-1", "parent-2"]


def test_lines_are_written_when_a_process_ends_without_closing() -> None:
    """A process that just ends has written every line."""
    (line,) = run(EXIT, LOG_ACCESS_FLUSH_SECONDS="30")
    assert json.loads(line)["request_id"] == "held"


def test_a_file_gets_the_lines(tmp_path: Path) -> None:
    """A stream with a buffer of its own keeps the order of everything written to it."""
    with (tmp_path / "log").open("w", encoding="utf-8") as file:
        output = Output(file)
        file.write("before\n")
        output.write("línea\n".encode())
        file.write("after\n")
    assert (tmp_path / "log").read_text(encoding="utf-8") == "before\nlínea\nafter\n"


def test_a_stream_that_does_not_block_gets_everything() -> None:
    """A full pipe that somebody made non-blocking loses nothing."""
    reading, writing = os.pipe()
    flags = fcntl.fcntl(writing, fcntl.F_GETFL)
    fcntl.fcntl(writing, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    found = bytearray()

    def read() -> None:
        while piece := os.read(reading, 4096):
            found.extend(piece)
            time.sleep(0.0001)

    reader = threading.Thread(target=read)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        reader.start()
        Output(stream).write(b"x" * 500_000)
    reader.join()
    os.close(reading)
    assert bytes(found) == b"x" * 500_000


def test_a_pipe_without_a_reader_is_no_error() -> None:
    """A reader that is gone does not fail whoever logs."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        Output(stream).write(b"nobody\n")


def test_a_stream_of_few_letters_gets_the_others_as_escapes() -> None:
    """What an encoding cannot say is escaped, not lost."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    Output(stream).write("é\n".encode())
    assert raw.getvalue() == b"\\xe9\n"


def test_a_stream_that_cannot_be_locked_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system cannot lock a pipe, lines are written without a lock."""

    def refuse(*arguments: object) -> None:
        raise OSError("no locks here")

    monkeypatch.setattr(fcntl, "lockf", refuse)
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        Output(stream).write(b"line\n")
    assert os.read(reading, 100) == b"line\n"
    os.close(reading)
