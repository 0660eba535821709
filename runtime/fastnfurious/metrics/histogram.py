"""How values are distributed, in buckets that can be added up over many processes."""

from __future__ import annotations

import prometheus_client

from fastnfurious.metrics.block import Block
from fastnfurious.metrics.exemplars import current_exemplar
from fastnfurious.metrics.labelled import Labelled
from fastnfurious.metrics.timing import timed

__all__ = ["Histogram"]


class Histogram(Labelled[prometheus_client.Histogram]):
    """Observe durations or sizes; made by `Metrics.histogram`."""

    __slots__ = ()

    def observe(self, value: float) -> None:
        """Add a value to its bucket; the current trace becomes the bucket's exemplar.

        Raises:
            ValueError: Label values are missing.
        """
        self.prometheus.observe(value, current_exemplar())

    def time(self) -> Block[None]:
        """Observe how many seconds a block, or each call of a decorated function, takes.

        Example:
            >>> from fastnfurious.core.settings import FastNFuriousSettings
            >>> from fastnfurious.metrics import Metrics, MetricsSettings
            >>> metrics = Metrics(MetricsSettings(), FastNFuriousSettings())
            >>> took = metrics.histogram("import_seconds", "Seconds that an import takes.")
            >>> @took.time()
            ... async def import_file() -> None:
            ...     pass
        """
        return timed(self.observe)
