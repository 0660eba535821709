"""Stopping a statement that takes too long, in the way that its database understands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from fastnfurious.sql.failures import timeout_of

__all__ = ["InterruptTimer", "cancelled", "interrupted"]


@asynccontextmanager
async def cancelled(connection: AsyncConnection, seconds: float) -> AsyncIterator[None]:
    """Cancel a statement after its time; the server stops working on it."""
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError:
        if limit.expired():
            raise timeout_of(seconds) from None
        raise


@asynccontextmanager
async def interrupted(connection: AsyncConnection, seconds: float) -> AsyncIterator[None]:
    """Interrupt a statement of SQLite after its time: cancelling would leave its thread at work."""
    # Not `get_raw_connection`: switching to a greenlet and back takes longer than all the rest.
    checked_out: Any = connection.sync_connection
    timer = InterruptTimer(checked_out.connection.driver_connection, seconds)
    try:
        yield
    except DBAPIError:
        if timer.expired:
            raise timeout_of(seconds) from None
        raise
    finally:
        timer.cancel()


class InterruptTimer:
    """Interrupt what a connection to SQLite does, after a while.

    Args:
        driver: The connection of aiosqlite.
        seconds: How long it may take.

    Attributes:
        expired: Whether it has come to that.
    """

    def __init__(self, driver: Any, seconds: float) -> None:
        self.expired = False
        self._driver = driver
        self._interrupting: asyncio.Future[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(seconds, self._interrupt)

    def cancel(self) -> None:
        """Stop the clock."""
        self._timer.cancel()

    def _interrupt(self) -> None:
        self.expired = True
        self._interrupting = asyncio.ensure_future(self._driver.interrupt())
