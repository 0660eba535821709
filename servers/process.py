"""A server's process, known by its id and the moment it started, so that no other is mistaken."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil

from servers.account import group_of

__all__ = ["ServerProcess", "identity"]

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
                **identity(account),
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
            self._bury()
            return
        family = [process, *process.children(recursive=True)]
        process.terminate()
        _, alive = psutil.wait_procs(family, timeout=_KILL_AFTER)
        for each in alive:
            each.kill()
        psutil.wait_procs(alive, timeout=_KILL_AFTER)

    def _bury(self) -> None:
        """Let go of a child that ended by itself: the system remembers it until then."""
        with suppress(psutil.Error):
            process = psutil.Process(self.pid)
            if self._is(process):
                process.wait(timeout=0)

    def _find(self) -> psutil.Process | None:
        try:
            process = psutil.Process(self.pid)
            alive = self._is(process) and process.status() != psutil.STATUS_ZOMBIE
            return process if alive else None
        except psutil.NoSuchProcess:
            return None

    def _is(self, process: psutil.Process) -> bool:
        return abs(process.create_time() - self.created) < 1.0


def identity(account: str | None) -> dict[str, Any]:
    """Return the options of `subprocess` that make a command run under an account alone."""
    if account is None:
        return {}
    return {"user": account, "group": group_of(account), "extra_groups": []}


def _memory_of(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
