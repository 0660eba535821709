"""Whole lines to a stream, so that those of several processes never mix."""

from __future__ import annotations

import os
import select
import stat
import sys
from contextlib import suppress
from typing import TextIO

from fastnfurious.logs.settings import LogStream

_CAN_LOCK = sys.platform != "win32"

if sys.platform != "win32":
    import fcntl

__all__ = ["Output"]

_PATIENCE = 1.0


class Output:
    """Write bytes with one call to the operating system.

    Pipes and sockets take long writes of several processes in pieces, so there a lock on the
    stream itself is held: it covers workers that know nothing of each other, and the operating
    system frees it when one dies.

    Args:
        stream: Where to write; by default what ``sys.stderr`` or ``sys.stdout`` is at that moment.
        name: Which of the two.
    """

    def __init__(self, stream: TextIO | None = None, name: LogStream = LogStream.STDERR) -> None:
        self._given = stream
        self._name = name.value
        self._stream: TextIO | None = None
        self._descriptor: int | None = None
        self._shared = False

    @property
    def stream(self) -> TextIO | None:
        """Return where the lines go now; ``None`` in a process without such a stream."""
        return self._given if self._given is not None else getattr(sys, self._name)

    def write(self, data: bytes) -> None:
        """Write all of the data; a stream that is gone is no reason to fail a request."""
        stream = self.stream
        if stream is None:
            return
        with suppress(OSError, ValueError):
            if stream is not self._stream:
                self._look_at(stream)
            if self._descriptor is None:
                stream.write(_encodable(data.decode(), stream))
                stream.flush()
                return
            stream.flush()  # what print() has left in Python's own buffer comes first
            if self._shared:
                self._write_locked(self._descriptor, data)
            else:
                _write_all(self._descriptor, data)

    def _look_at(self, stream: TextIO) -> None:
        self._stream = stream
        try:
            self._descriptor = stream.fileno()
        except (AttributeError, OSError, ValueError):
            self._descriptor = None
            return
        mode = os.fstat(self._descriptor).st_mode
        self._shared = _CAN_LOCK and (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode))

    def _write_locked(self, descriptor: int, data: bytes) -> None:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX)
        except OSError:
            # Not every system can lock a pipe; its writes are then only whole up to PIPE_BUF.
            self._shared = False
            _write_all(descriptor, data)
            return
        try:
            _write_all(descriptor, data)
        finally:
            fcntl.lockf(descriptor, fcntl.LOCK_UN)


def _encodable(text: str, stream: TextIO) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            # Somebody made the stream non-blocking, for all who share it.
            select.select([], [descriptor], [], _PATIENCE)
