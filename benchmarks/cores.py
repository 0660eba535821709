"""The cores of this machine, and keeping a process on one of them."""

from __future__ import annotations

import os

__all__ = ["pin"]

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def pin(pid: int, core: int) -> None:
    """Keep a process on one core, where the system can and there is more than one."""
    if len(CORES) > 1:
        os.sched_setaffinity(pid, {CORES[core]})
