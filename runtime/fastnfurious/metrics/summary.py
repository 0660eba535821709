"""How many values there were, and their sum."""

from __future__ import annotations

import prometheus_client

from fastnfurious.metrics.block import Block
from fastnfurious.metrics.labelled import Labelled
from fastnfurious.metrics.timing import timed

__all__ = ["Summary"]


class Summary(Labelled[prometheus_client.Summary]):
    """Observe durations or sizes where an average is enough; made by `Metrics.summary`."""

    __slots__ = ()

    def observe(self, value: float) -> None:
        """Add a value.

        Raises:
            ValueError: Label values are missing.
        """
        self.prometheus.observe(value)

    def time(self) -> Block[None]:
        """Observe how many seconds a block, or each call of a decorated function, takes."""
        return timed(self.observe)
