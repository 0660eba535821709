"""The access log: one line for each request, almost free for the request itself."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from fastnfurious.core.clock import Clock
from fastnfurious.logs.levels import LEVELS, OFF
from fastnfurious.logs.line import ACCESS, AccessEntry, Line, LineFactory, is_failure
from fastnfurious.logs.timer import Timer

__all__ = ["AccessLog"]

_INFO, _ERROR = LEVELS["INFO"], LEVELS["ERROR"]


class AccessLog:
    """Log requests without making them wait.

    A request only leaves its facts here. The lines are made and written together: after a moment,
    when the buffer is full, at once with a server error, before any other line, and at the end.
    A request that failed on the server (status 500 and above) is an ERROR line, all others are
    INFO lines. Nothing is kept until the logs are installed.

    Args:
        lines: Makes a line of the facts.
        flush: Writes what `drain` returns.
        limit: How many lines are held at most.
        seconds: How long a line is held at most.
        clock: Time to write in place of the machine's.
    """

    def __init__(
        self,
        lines: LineFactory,
        flush: Callable[[], None],
        *,
        limit: int,
        seconds: float,
        clock: Clock | None = None,
    ) -> None:
        self.flush = flush
        self._lines = lines
        self._limit = limit
        self._now = time.time if clock is None else partial(_seconds, clock)
        # A deque, because its ends are safe to use from several threads without a lock.
        self._entries: deque[tuple[Any, ...]] = deque()
        self._timer = Timer(seconds, flush)
        self.threshold = OFF

    @property
    def threshold(self) -> int:
        """Return the level number from which on lines are written."""
        return self._threshold

    @threshold.setter
    def threshold(self, number: int) -> None:
        self._threshold = number
        self._quiet = number > _INFO
        self._silent = number > _ERROR

    def write(
        self,
        request_id: str,
        trace_id: str | None,
        span_id: str | None,
        method: str,
        path: str,
        route: str,
        status: int,
        duration: float,
        client: str | None = None,
    ) -> None:
        """Log a request that has ended.

        Args:
            request_id: Id of the request.
            trace_id: Trace as 32 hexadecimal digits, if there is one.
            span_id: Span as 16 hexadecimal digits, if there is one.
            method: HTTP method.
            path: Path as it was asked for, without the query, which may hold secrets.
            route: Template of the route.
            status: HTTP status of the answer; close code of a websocket.
            duration: Seconds from the request to the end of the answer.
            client: Address of the client.
        """
        # Positional, a plain tuple, no property: this runs once for each request.
        failed = status >= 500 and is_failure(status)
        if not failed:
            if self._quiet:
                return
        elif self._silent:
            return
        entries = self._entries
        entries.append(
            (
                self._now(),
                request_id,
                trace_id,
                span_id,
                method,
                path,
                route,
                status,
                duration,
                client,
            )
        )
        if failed or len(entries) >= self._limit:
            self.flush()
        elif not self._timer.armed:
            self._timer.arm()

    def drain(self) -> Iterator[Line]:
        """Yield the lines that are held, oldest first, and hold them no longer."""
        entries = self._entries
        while entries:
            try:
                entry = entries.popleft()
            except IndexError:  # another thread was faster
                return
            yield self._line(entry)

    def _line(self, entry: tuple[Any, ...]) -> Line:
        try:
            return self._lines.from_access(AccessEntry._make(entry))
        except Exception as fault:
            # Whoever flushes is another request, or nobody's: it must not pay for this one.
            return self._lines.failure(ACCESS, fault)

    def forget(self) -> None:
        """Drop what is held, in the child of a fork."""
        self._entries.clear()
        self._timer.reset()

    def stop(self) -> None:
        """Stop the timer and write what is held."""
        self._timer.stop()
        self.flush()


def _seconds(clock: Clock) -> float:
    return clock.now().timestamp()
