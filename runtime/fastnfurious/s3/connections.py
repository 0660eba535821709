"""Threads for a driver that blocks: as many as it has connections, and none is ever lost.

A thread cannot be interrupted. When its caller is cancelled, it goes on until the server answers or
the time limit strikes; only then is its place given to somebody else, and what it brings is closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, TypeVar

from fastnfurious.core.errors import ResourceUnavailable
from fastnfurious.core.instruments import Measuring

__all__ = ["Connections", "Lease", "result_of"]

_T = TypeVar("_T")


class Connections:
    """Lend a fixed number of connections, each with a thread of its own.

    Args:
        size: How many there are.
        patience: Seconds to wait for a free one.
        gauge: Shows how many are in use.
    """

    def __init__(self, size: int, patience: float, gauge: Measuring | None = None) -> None:
        self._gauge = gauge
        self._size = size
        self._patience = patience
        self._free = asyncio.Semaphore(size)
        self._in_use = 0
        self.threads = ThreadPoolExecutor(size, thread_name_prefix="s3")

    @property
    def in_use(self) -> int:
        """Return how many are lent, those of cancelled calls that still run among them."""
        return self._in_use

    async def take(self) -> Lease:
        """Return a connection, for the caller to give back.

        Raises:
            ResourceUnavailable: None has become free in time.
        """
        if self._free.locked():
            await self._wait()
        else:
            await self._free.acquire()  # at once
        self._count(1)
        return Lease(self)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError:
            raise ResourceUnavailable(
                f"All {self._size} connections to S3 were in use for {self._patience:g} seconds: "
                "close readers, or raise S3_CONNECTIONS"
            ) from None

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Lease]:
        """Lend a connection inside ``async with``.

        Raises:
            ResourceUnavailable: None has become free in time.
        """
        lease = await self.take()
        try:
            yield lease
        finally:
            lease.give_back()

    def free(self) -> None:
        """Let somebody else have a connection; called by the lease."""
        self._count(-1)
        self._free.release()

    def _count(self, change: int) -> None:
        self._in_use += change
        if self._gauge is not None:
            self._gauge.set(self._in_use)

    def close(self) -> None:
        """Take no more calls; those that run end by themselves."""
        self.threads.shutdown(wait=False, cancel_futures=True)


class Lease:
    """Use one connection, for one call after the other.

    Args:
        connections: Where it comes from.
    """

    __slots__ = ("_connections", "_is_back", "_running")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._running: Future[Any] | None = None
        self._is_back = False

    async def run(
        self, function: Callable[[], _T], discard: Callable[[_T], None] | None = None
    ) -> _T:
        """Call a function in the thread.

        Args:
            function: What to call.
            discard: What to do with its result if nobody waits for it any more.

        Raises:
            ResourceUnavailable: The client has been closed.
        """
        try:
            self._running = self._connections.threads.submit(function)
        except RuntimeError as error:
            raise ResourceUnavailable("S3 is closed: the application is not running") from error
        return await result_of(self._running, discard)

    def give_back(self, cleanup: Callable[[], None] | None = None) -> None:
        """Give the connection back, as soon as its thread is done; safe to call twice.

        Args:
            cleanup: What to do before, when no thread uses the connection any more.
        """
        if self._is_back:
            return
        self._is_back = True
        if self._running is None or self._running.done():
            if cleanup is not None:
                _quietly(cleanup)
            self._connections.free()
            return
        loop = asyncio.get_running_loop()

        def done(_: Future[Any]) -> None:
            _quietly(cleanup)
            with suppress(RuntimeError):  # the loop has been closed: nobody waits
                loop.call_soon_threadsafe(self._connections.free)

        self._running.add_done_callback(done)


async def result_of(running: Future[_T], discard: Callable[[_T], None] | None = None) -> _T:
    """Wait for a thread, and return what it brings.

    Args:
        running: What the thread does.
        discard: What to do with the result if nobody waits for it any more.
    """
    loop = asyncio.get_running_loop()
    # Not `wrap_future`: it drops what still waits for a thread, and others count on its being done.
    done: asyncio.Future[None] = loop.create_future()

    def tell(_: Future[_T]) -> None:
        with suppress(RuntimeError):  # the loop has been closed: nobody waits
            loop.call_soon_threadsafe(_finish, done)

    running.add_done_callback(tell)
    try:
        await done
    except asyncio.CancelledError:
        if discard is not None:
            running.add_done_callback(partial(_discard, discard))
        raise
    return running.result()


def _finish(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


def _discard(discard: Callable[[Any], None], future: Future[Any]) -> None:
    if not future.cancelled() and future.exception() is None:
        _quietly(partial(discard, future.result()))


def _quietly(cleanup: Callable[[], None] | None) -> None:
    # Closing a connection that is broken already may fail; there is nobody to tell.
    if cleanup is not None:
        with suppress(Exception):
            cleanup()
