"""A server's process, known by its id and the moment it started, so that no other is mistaken."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

__all__ = ["ServerProcess"]

_KILL_AFTER = 10.0


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """Name a process for as long as it lives.

    Attributes:
        pid: Its id, which another process may have later.
        created: When it started, in seconds since 1970.
    """

    pid: int
    created: float

    @classmethod
    def start(
        cls,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        folder: Path,
        account: str | None = None,
    ) -> Self:
        """Start a command that outlives this process; what it prints goes to ``log``."""
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=account,
                group=account,
            )
        # It is meant to live on: without this, Python warns of a process that nobody waited for.
        process.returncode = 0
        return cls(process.pid, psutil.Process(process.pid).create_time())

    @property
    def is_alive(self) -> bool:
        """Return whether the process is still running, and no other under its id."""
        return self._find() is not None

    @property
    def memory(self) -> int:
        """Return how many bytes the process and its children hold; 0 when it is gone."""
        process = self._find()
        if process is None:
            return 0
        return sum(_memory_of(each) for each in [process, *process.children(recursive=True)])

    def stop(self) -> None:
        """Stop the process and its children: politely first, by force after a while."""
        process = self._find()
        if process is None:
            return
        family = [process, *process.children(recursive=True)]
        process.terminate()
        _, alive = psutil.wait_procs(family, timeout=_KILL_AFTER)
        for each in alive:
            each.kill()
        psutil.wait_procs(alive, timeout=_KILL_AFTER)

    def _find(self) -> psutil.Process | None:
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < 1.0
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


def _memory_of(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
