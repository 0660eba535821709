"""Doing something a moment after it was first asked for, on a thread of its own.

A thread, and not the event loop: lines must also come out while a handler blocks the loop, which
is when somebody needs them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Timer"]

_STOP_SECONDS = 2.0


class Timer:
    """Call an action once, some time after `arm`; it sleeps until it is armed again.

    Args:
        seconds: How long after.
        action: What to call; must not raise.

    Attributes:
        armed: Whether the action is going to be called; read it before calling `arm`, which is
            slower.
    """

    def __init__(self, seconds: float, action: Callable[[], None]) -> None:
        self._seconds = seconds
        self._action = action
        self.reset()

    def reset(self) -> None:
        """Forget the thread, as the child of a fork must: threads are not copied."""
        self.armed = False
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def arm(self) -> None:
        """Have the action called; the thread is started by the first call."""
        self.armed = True
        if self._thread is None:
            self._start()
        self._wanted.set()

    def stop(self) -> None:
        """End the thread, and wait for an action that is running; it can be armed again."""
        with self._lock:
            thread, stopping, wanted = self._thread, self._stopping, self._wanted
            self._thread = None
            self._stopping, self._wanted = threading.Event(), threading.Event()
            self.armed = False
        stopping.set()
        wanted.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(_STOP_SECONDS)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                events = (self._wanted, self._stopping)
                self._thread = threading.Thread(
                    target=self._run, args=events, name="fastnfurious-logs", daemon=True
                )
                self._thread.start()

    def _run(self, wanted: threading.Event, stopping: threading.Event) -> None:
        while True:
            wanted.wait()
            if stopping.wait(self._seconds):
                return
            wanted.clear()
            # Before the action: a line that comes while it runs arms the timer anew.
            self.armed = False
            self._action()
