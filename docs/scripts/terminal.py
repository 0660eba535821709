"""A terminal that remembers: it runs real commands and keeps each line with the time it came."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Line", "Terminal"]

_MOVES = re.compile(r"\x1b\[[0-9;?]*[A-Za-ln-z]|\x1b\][^\x07]*\x07|\x1b[=>]")


@dataclass(frozen=True, slots=True)
class Line:
    """Hold one line of output.

    Attributes:
        at: Seconds since the recording began.
        text: The line, with its colours as ANSI sequences.
        typed: Whether it is a command, shown behind a prompt.
    """

    at: float
    text: str
    typed: bool = False


@dataclass(slots=True)
class Terminal:
    """Run commands one after the other in a folder and keep what they print.

    Args:
        folder: Where the commands run.
        columns: Width that the commands are told.
        patience: Seconds of silence after which a command is given up.
    """

    folder: Path
    columns: int = 110
    patience: float = 300.0
    lines: list[Line] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    def run(self, command: str) -> None:
        """Type a command and wait for its end.

        Raises:
            RuntimeError: The command failed.
        """
        with self._started(command) as (process, output):
            for _ in self._read(output):
                pass
            if process.wait() != 0:
                raise RuntimeError(f"`{command}` ended with {process.returncode}")

    def say(self, words: str) -> None:
        """Add a comment for whoever watches."""
        self.lines += [Line(self._now(), ""), Line(self._now(), f"\x1b[2m# {words}\x1b[0m")]

    @contextmanager
    def serving(self, command: str, until: str) -> Iterator[None]:
        """Type a command, go on once it has printed ``until``, and interrupt it at the end.

        What it prints meanwhile is kept for the end, as if one looked back at its window.

        Raises:
            RuntimeError: The command ended before it had printed that.
        """
        with self._started(command) as (process, output):
            if not any(until in line for line in self._read(output)):
                raise RuntimeError(f"`{command}` ended before it printed {until!r}")
            yield
            self.say("back in the first terminal: Ctrl-C")
            os.killpg(process.pid, signal.SIGINT)
            for _ in self._read(output):
                pass
            process.wait(timeout=30)

    @contextmanager
    def _started(self, command: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
        self.lines.append(Line(self._now(), command, typed=True))
        controller, terminal = pty.openpty()
        size = {"COLUMNS": str(self.columns), "LINES": "40", "TERM": "xterm-256color"}
        process = subprocess.Popen(
            ["bash", "-c", command],
            cwd=self.folder,
            env={**os.environ, **size},
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)
        try:
            yield process, controller
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(timeout=30)
            os.close(controller)

    def _read(self, output: int) -> Iterator[str]:
        pending = ""
        while select.select([output], [], [], self.patience)[0]:
            try:
                data = os.read(output, 65536)
            except OSError:  # Linux says so when the last writer has closed the terminal
                break
            pending += data.decode("utf-8", "replace")
            *complete, pending = pending.split("\n")
            for line in complete:
                self.lines.append(Line(self._now(), _as_shown(line)))
                yield line
        if pending.strip():
            self.lines.append(Line(self._now(), _as_shown(pending)))

    def _now(self) -> float:
        return time.monotonic() - self._began


def _as_shown(line: str) -> str:
    # A carriage return writes over the line; what came last is what stays.
    return _MOVES.sub("", line.rstrip("\r").rpartition("\r")[2])
