"""Which process holds a port, for the message that it is in use."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["port_owner"]

_LISTENING = "0A"
"""State of a listening socket in ``/proc/net/tcp``."""


def port_owner(port: int) -> str | None:
    """Return the process that listens on a port, as ``process 42 (command)``, or ``None``.

    Only Linux tells, and only for processes of the same user.

    *Source:* https://man7.org/linux/man-pages/man5/proc_pid_net.5.html.
    """
    if sys.platform != "linux":
        return None
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    for process in Path("/proc").glob("[0-9]*"):
        if sockets and _holds(process, sockets):
            return f"process {process.name} ({_command(process)})"
    return None


def _inodes(port: int) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        try:
            lines = Path("/proc/net", table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if int(fields[1].rpartition(":")[2], 16) == port and fields[3] == _LISTENING:
                yield fields[9]


def _holds(process: Path, sockets: set[str]) -> bool:
    try:
        return any(str(entry.readlink()) in sockets for entry in (process / "fd").iterdir())
    except OSError:  # another user's process, or one that has just ended
        return False


def _command(process: Path) -> str:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return "unknown command"
    text = b" ".join(words).decode(errors="replace").strip()
    return text if len(text) <= 60 else f"{text[:59]}…"
