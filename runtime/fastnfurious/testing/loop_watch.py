"""Finding out who blocks an event loop, and where.

While one callback runs, a loop serves nobody else: a slow call that is not awaited stops every
request of the process. A watching thread samples where each callback is, so that the error can name
the line.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from traceback import FrameSummary, StackSummary, extract_stack
from typing import Any, Self

__all__ = ["Blockage", "EventLoopBlocked", "LoopWatch"]

_SAMPLES = 4
"""Samples taken within one threshold."""

_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


class EventLoopBlocked(AssertionError):
    """Say which line kept an event loop from serving anybody else, and for how long."""


@dataclass(frozen=True, slots=True)
class Blockage:
    """Describe one callback that held its loop for too long.

    Attributes:
        seconds: How long it ran.
        stack: Where it was when it was sampled last; empty if it was never sampled.
        callback: What the loop was running.
    """

    seconds: float
    stack: StackSummary
    callback: str

    def __str__(self) -> str:
        """Return one sentence that names the line."""
        return f"{self.seconds:.2f} s by {_place(self.stack) or self.callback}"


@dataclass(slots=True)
class _Callback:
    handle: asyncio.Handle
    thread: int
    started: float
    started_cpu: float
    samples: int = 0
    waited_before: float = 0.0
    collecting: float = 0.0
    importing: int = 0
    stack: StackSummary = field(default_factory=StackSummary)


class LoopWatch:
    """Refuse callbacks that hold an event loop of this process for longer than a threshold.

    Every asyncio loop of every thread is watched for the length of the ``with`` block. Time that
    the machine was busy elsewhere does not count, nor do first imports, nor does a collection of
    garbage: it takes as long as the process is large, and falls on whoever comes along.

    Args:
        threshold: Seconds that one callback may take.

    Raises:
        EventLoopBlocked: At the end of the block, if there was one.

    Example:
        >>> async def slow() -> None:
        ...     time.sleep(0.05)
        >>> try:
        ...     with LoopWatch(threshold=0.02):
        ...         asyncio.run(slow())
        ... except EventLoopBlocked as error:
        ...     print(str(error).splitlines()[0])
        The event loop was blocked:
    """

    def __init__(self, threshold: float = 0.1) -> None:
        self.threshold = threshold
        self.blockages: list[Blockage] = []
        self._running: dict[int, _Callback] = {}
        self._stopped = threading.Event()
        self._collecting_since: dict[int, float] = {}

    @property
    def _interval(self) -> float:
        return self.threshold / _SAMPLES

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._original = asyncio.Handle._run
        setattr(asyncio.Handle, "_run", self._watched(self._original))
        gc.callbacks.append(self._collected)
        self._sampler = threading.Thread(target=self._sample, name="loop-watch", daemon=True)
        self._sampler.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc_info: object) -> None:
        """Stop watching; an error of the block itself goes first."""
        setattr(asyncio.Handle, "_run", self._original)
        gc.callbacks.remove(self._collected)
        self._stopped.set()
        self._sampler.join()
        if self.blockages and kind is None:
            list_of_all = "\n".join(f"- for {each}" for each in self.blockages)
            raise EventLoopBlocked(
                f"The event loop was blocked:\n{list_of_all}\n"
                "Await the slow call, or run it in a thread with asyncio.to_thread()."
            )

    def _watched(self, run: Callable[[asyncio.Handle], Any]) -> Callable[[asyncio.Handle], Any]:
        running, thread_id, kernel_id = self._running, threading.get_ident, threading.get_native_id

        def watched(handle: asyncio.Handle) -> None:
            callback = _Callback(handle, kernel_id(), time.perf_counter(), time.thread_time())
            running[thread_id()] = callback
            try:
                run(handle)
            finally:
                running.pop(thread_id(), None)
                self._judge(callback)

        return watched

    def _judge(self, callback: _Callback) -> None:
        seconds = time.perf_counter() - callback.started - callback.collecting
        if seconds < self.threshold or callback.importing * 2 > callback.samples:
            return
        if callback.samples:
            waited = _waited(callback.thread) - callback.waited_before
            if seconds - waited < self.threshold:
                return
        worked = time.thread_time() - callback.started_cpu - callback.collecting
        # Where the system does not say how long it waited for its turn: on a busy machine the
        # sampling thread did not get many turns either.
        if max(worked, callback.samples * self._interval) * 2 < self.threshold:
            return
        self.blockages.append(Blockage(seconds, callback.stack, repr(callback.handle)))

    def _collected(self, phase: str, _: dict[str, int]) -> None:
        thread = threading.get_ident()
        if phase == "start":
            self._collecting_since[thread] = time.thread_time()
        elif (callback := self._running.get(thread)) and thread in self._collecting_since:
            callback.collecting += time.thread_time() - self._collecting_since[thread]

    def _sample(self) -> None:
        while not self._stopped.wait(self._interval):
            frames = sys._current_frames()
            for thread, callback in list(self._running.items()):
                if thread in frames:
                    callback.waited_before = callback.waited_before or _waited(callback.thread)
                    callback.samples += 1
                    callback.stack = _inside(extract_stack(frames[thread]))
                    callback.importing += _is_importing(callback.stack)


def _waited(thread: int) -> float:
    """Return for how many seconds a thread could have run, but had no processor; else nought.

    *Source:* https://docs.kernel.org/scheduler/sched-stats.html, ``/proc/<pid>/schedstat``.
    """
    try:
        return int(Path(f"/proc/self/task/{thread}/schedstat").read_bytes().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def _inside(stack: StackSummary) -> StackSummary:
    """Leave out the frames of the loop itself, up to our own."""
    start = max((at for at, frame in enumerate(stack) if frame.filename == __file__), default=-1)
    return StackSummary.from_list(stack[start + 1 :])


def _is_importing(stack: StackSummary) -> bool:
    return any(frame.filename.startswith("<frozen importlib") for frame in stack)


def _place(stack: StackSummary) -> str | None:
    """Return the innermost line of the service's own, or the innermost of all."""
    frame = next(filter(_is_own, reversed(stack)), stack[-1] if stack else None)
    if frame is None:
        return None
    return f"`{frame.line}` in {frame.name}, {Path(frame.filename).name}:{frame.lineno}"


def _is_own(frame: FrameSummary) -> bool:
    return not frame.filename.startswith((*_LIBRARIES, "<frozen"))
