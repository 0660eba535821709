"""The one place where lines are put in order and written."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from weakref import WeakSet

from fastnfurious.logs.line import Line
from fastnfurious.logs.output import Output

__all__ = ["Formatter", "Journal", "Observer", "observers"]

Formatter = Callable[[Line], bytes]
"""Returns a line as bytes, with a newline at its end."""

Observer = Callable[[Line], None]
"""Is told each line that is written."""

observers: list[Observer] = []
"""Those who are told every line of this process, of whichever application; for tests."""

_journals: WeakSet[Journal] = WeakSet()


class Journal:
    """Write lines whole, and each one after those that came before it.

    Args:
        format: Turns a line into bytes.
        output: Takes the bytes.
        held: Yields the lines that were held back until now; they are written first.
        forget: Called in the child of a fork: what is held back belongs to the parent.
    """

    def __init__(
        self,
        format: Formatter,
        output: Output,
        *,
        held: Callable[[], Iterable[Line]],
        forget: Callable[[], None],
    ) -> None:
        self._format = format
        self._output = output
        self._held = held
        self._forget = forget
        # Reentrant: the garbage collector may run a destructor that logs while we write.
        self._lock = threading.RLock()
        self._waiting: list[bytes] = []
        self._writing = False
        _journals.add(self)

    def write(self, line: Line | None = None) -> None:
        """Write the lines that were held back, then this one, with one call to the system."""
        own = () if line is None else (line,)
        with self._lock:
            told: list[Line] = []
            # One at a time, unless somebody wants to see them: hundreds of lines alive at once
            # would set the garbage collector going.
            data = b"".join(self._format(each) for each in _noted(chain(self._held(), own), told))
            if not data:
                return
            self._waiting.append(data)
            self._write_waiting()
        for observer in tuple(observers):
            for each in told:
                observer(each)

    def _write_waiting(self) -> None:
        if self._writing:
            return  # further up on this very stack; it goes on when we return
        self._writing = True
        try:
            while self._waiting:
                self._output.write(self._waiting.pop(0))
        finally:
            self._writing = False

    def before_fork(self) -> None:
        """Let no other thread be half-way through a line while the process is copied."""
        self._lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Start afresh, with nothing held back: the parent writes that."""
        self._lock = threading.RLock()
        self._waiting.clear()
        self._writing = False
        self._forget()


def _noted(lines: Iterable[Line], told: list[Line]) -> Iterator[Line]:
    """Yield lines, and keep them for the observers if there are any."""
    for line in lines:
        if observers:
            told.append(line)
        yield line


def _each(action: Callable[[Journal], None]) -> Callable[[], None]:
    def run() -> None:
        for journal in tuple(_journals):
            with suppress(RuntimeError):
                action(journal)

    return run


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_each(Journal.before_fork),
        after_in_parent=_each(Journal.after_fork_in_parent),
        after_in_child=_each(Journal.after_fork_in_child),
    )
