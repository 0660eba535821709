"""An alarm: something that happens at a moment, unless it is called off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastnfurious.nats.embedded.jetstream.timestamps import SECOND

__all__ = ["Alarm"]

_LONGEST = 3600.0


class Alarm:
    """Call at the earliest of the moments that were asked for.

    Args:
        ring: What to call; it sets the next moment itself, if there is one.
        clock: Tells the time in nanoseconds.
    """

    def __init__(self, ring: Callable[[], None], clock: Callable[[], int]) -> None:
        self._ring = ring
        self._clock = clock
        self._moment = 0
        self._handle: asyncio.TimerHandle | None = None

    def set(self, moment: int) -> None:
        """Ring at a moment, if it does not ring before."""
        if self._handle is not None and self._moment <= moment:
            return
        self.cancel()
        self._moment = moment
        wait = min(max(0.0, (moment - self._clock()) / SECOND), _LONGEST)
        self._handle = asyncio.get_running_loop().call_later(wait, self._due)

    def cancel(self) -> None:
        """Do not ring."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _due(self) -> None:
        self._handle = None
        if self._clock() < self._moment:  # the loop's clock runs a little ahead, or it was too long
            self.set(self._moment)
            return
        self._ring()
