"""Where an application is between start and stop, and how many requests it is answering."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum

__all__ = ["Lifecycle", "LifecycleState"]


class LifecycleState(StrEnum):
    """The four states of an application, in the order in which it goes through them."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    STOPPED = "stopped"


class Lifecycle:
    """Know whether an application is starting, ready, draining or stopped.

    Args:
        drain: Lets the integrations finish the messages that they hold.

    Attributes:
        in_flight: How many requests and websockets are being answered.
        draining: Whether `begin_drain` was called; a plain attribute, because every answer asks.

    Example:
        >>> lifecycle = Lifecycle()
        >>> lifecycle.begin_drain()
        >>> lifecycle.state.value
        'draining'
    """

    def __init__(self, drain: Callable[[], Awaitable[None]] | None = None) -> None:
        self._drain = drain
        self._drained = False
        self.state = LifecycleState.STARTING
        self.in_flight = 0
        self.draining = False

    def starting(self) -> None:
        """Say that the parts are being opened, for the first time or again."""
        self.state, self.draining, self._drained = LifecycleState.STARTING, False, False

    def ready(self) -> None:
        """Say that requests can be answered; readiness turns 200."""
        self.state = LifecycleState.READY

    def begin_drain(self) -> None:
        """Ask for no more requests: readiness turns 503, and answers close their connections."""
        self.state, self.draining = LifecycleState.DRAINING, True

    async def drain(self) -> None:
        """Let the integrations take no new messages and finish those in flight, once."""
        self.begin_drain()
        if self._drained or self._drain is None:
            return
        self._drained = True
        await self._drain()

    def stopped(self) -> None:
        """Say that everything is closed."""
        self.state = LifecycleState.STOPPED
