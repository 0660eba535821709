"""A number that goes up and down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import time

import prometheus_client

from fastnfurious.metrics.block import Block
from fastnfurious.metrics.labelled import Labelled
from fastnfurious.metrics.timing import timed

__all__ = ["Gauge"]


class Gauge(Labelled[prometheus_client.Gauge]):
    """Show how much of something there is; made by `Metrics.gauge`."""

    __slots__ = ("_function",)

    def inc(self, amount: float = 1) -> None:
        """Add to the gauge.

        Raises:
            ValueError: Label values are missing.
        """
        self.prometheus.inc(amount)

    def dec(self, amount: float = 1) -> None:
        """Take from the gauge; see `inc`."""
        self.prometheus.dec(amount)

    def set(self, value: float) -> None:
        """Set the gauge; see `inc`."""
        self.prometheus.set(value)

    def set_to_current_time(self) -> None:
        """Set the gauge to the time of day, in seconds since 1970."""
        self.prometheus.set(time())

    def set_function(self, function: Callable[[], float]) -> None:
        """Ask a function for the value at each scrape.

        Args:
            function: Fast, and safe to call in the event loop's thread.
        """
        self._function: Callable[[], float] = function

    def refresh(self) -> None:
        """Ask the functions of the gauge and its children for their values."""
        if hasattr(self, "_function"):
            self.prometheus.set(self._function())
        for child in list(self._children.values()):
            child.refresh()

    def track_in_progress(self) -> Block[None]:
        """Count how many blocks, or calls of a decorated function, are running.

        Example:
            >>> from fastnfurious.core.settings import FastNFuriousSettings
            >>> from fastnfurious.metrics import Metrics, MetricsSettings
            >>> metrics = Metrics(MetricsSettings(), FastNFuriousSettings())
            >>> running = metrics.gauge("imports_running", "Imports that are running.")
            >>> @running.track_in_progress()
            ... async def import_file() -> None:
            ...     pass
        """

        @contextmanager
        def tracking() -> Iterator[None]:
            self.inc()
            try:
                yield
            finally:
                self.dec()

        return Block(tracking)

    def time(self) -> Block[None]:
        """Set the gauge to the seconds that a block, or a decorated function, took."""
        return timed(self.set)
