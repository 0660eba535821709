"""Stopping a statement that takes too long, in the way that its database understands."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Protocol, Self
from weakref import WeakKeyDictionary, ref

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from fastnfurious.sql.failures import timeout_of

__all__ = ["Cancelled", "InterruptTimer", "Interrupted", "Limit"]


# Classes, since a generator for each statement costs more than the limit itself.
class Limit(Protocol):
    """Limit the time of the statement that runs in an ``async with`` block."""

    def __init__(self, connection: AsyncConnection, seconds: float) -> None: ...

    async def __aenter__(self) -> Self:
        """Start the clock."""
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the clock.

        Raises:
            StatementTimeout: The statement was stopped.
        """
        ...


class Cancelled:
    """Cancel a statement after its time; the server stops working on it.

    It is `asyncio.timeout`, with one clock for all statements.

    Args:
        connection: What it runs on.
        seconds: How long it may take.
    """

    __slots__ = ("_alarm", "_cancelling", "_expired", "_seconds", "_task", "deadline")

    def __init__(self, connection: AsyncConnection, seconds: float) -> None:
        self._seconds = seconds
        self._expired = False

    async def __aenter__(self) -> Self:
        """Start the clock."""
        task = asyncio.current_task()
        assert task is not None  # a coroutine that is awaited runs in one
        self._task, self._cancelling = task, task.cancelling()
        self._alarm = _alarm_of(asyncio.get_running_loop())
        self.deadline = self._alarm.now() + self._seconds
        self._alarm.add(self)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the clock.

        Raises:
            StatementTimeout: The statement was cancelled.
        """
        self._alarm.remove(self)
        if not self._expired:
            return
        # Somebody else may want the task to end as well: then it ends.
        if self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise timeout_of(self._seconds) from None

    def ring(self) -> None:
        """Cancel it now."""
        self._expired = True
        self._task.cancel()


class Interrupted:
    """Interrupt a statement of SQLite after its time: cancelling would leave its thread at work.

    Args:
        connection: What it runs on.
        seconds: How long it may take.
    """

    __slots__ = ("_seconds", "_timer")

    def __init__(self, connection: AsyncConnection, seconds: float) -> None:
        # Not `get_raw_connection`: switching to a greenlet and back takes longer than all the rest.
        checked_out: Any = connection.sync_connection
        self._seconds = seconds
        self._timer = InterruptTimer(checked_out.connection.driver_connection, seconds)

    async def __aenter__(self) -> Self:
        """Do nothing: the clock runs."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the clock.

        Raises:
            StatementTimeout: The statement was interrupted.
        """
        self._timer.cancel()
        if self._timer.expired and isinstance(error, DBAPIError):
            raise timeout_of(self._seconds) from None


class InterruptTimer:
    """Interrupt what a connection to SQLite does, after a while.

    Args:
        driver: The connection of aiosqlite.
        seconds: How long it may take.

    Attributes:
        deadline: When its time is over, by the clock of the event loop.
        expired: Whether it has come to that.
    """

    __slots__ = ("_alarm", "_driver", "_interrupting", "deadline", "expired")

    def __init__(self, driver: Any, seconds: float) -> None:
        self.expired = False
        self._driver = driver
        self._interrupting: asyncio.Future[None] | None = None
        self._alarm = _alarm_of(asyncio.get_running_loop())
        self.deadline = self._alarm.now() + seconds
        self._alarm.add(self)

    def cancel(self) -> None:
        """Stop the clock."""
        self._alarm.remove(self)

    def ring(self) -> None:
        """Interrupt it now."""
        self.expired = True
        self._interrupting = asyncio.ensure_future(self._driver.interrupt())


class _Timer(Protocol):
    deadline: float

    def ring(self) -> None: ...


class _Alarm:
    """Ring for the timers of one event loop: one handle serves all statements.

    A handle for each would be cancelled nearly every time, and costs several times as much.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # The loop is the key under which this is kept: a reference back would keep both for ever.
        self._loop = ref(loop)
        self._running = set[_Timer]()
        self._handle: asyncio.TimerHandle | None = None

    def now(self) -> float:
        loop = self._loop()
        return 0.0 if loop is None else loop.time()

    def add(self, timer: _Timer) -> None:
        self._running.add(timer)
        if self._handle is None or timer.deadline < self._handle.when():
            self._set()

    def remove(self, timer: _Timer) -> None:
        self._running.discard(timer)

    def _set(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        loop = self._loop()
        next_deadline = min((timer.deadline for timer in self._running), default=None)
        if loop is None or next_deadline is None:
            self._handle = None
        else:
            self._handle = loop.call_at(next_deadline, self._ring, next_deadline)

    def _ring(self, deadline: float) -> None:
        for timer in [timer for timer in self._running if timer.deadline <= deadline]:
            self._running.discard(timer)
            timer.ring()
        self._set()


def _alarm_of(loop: asyncio.AbstractEventLoop) -> _Alarm:
    return _alarms.get(loop) or _alarms.setdefault(loop, _Alarm(loop))


_alarms: WeakKeyDictionary[asyncio.AbstractEventLoop, _Alarm] = WeakKeyDictionary()
