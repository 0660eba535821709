"""A number that only goes up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import prometheus_client

from fastnfurious.metrics.block import Block
from fastnfurious.metrics.exemplars import current_exemplar
from fastnfurious.metrics.labelled import Labelled

__all__ = ["Counter"]


class Counter(Labelled[prometheus_client.Counter]):
    """Count things that happen; made by `Metrics.counter`."""

    __slots__ = ()

    def inc(self, amount: float = 1) -> None:
        """Add to the counter.

        Raises:
            ValueError: The amount is negative, or label values are missing.
        """
        self.prometheus.inc(amount, current_exemplar())

    def count_exceptions(
        self, kind: type[BaseException] | tuple[type[BaseException], ...] = Exception
    ) -> Block[None]:
        """Count the errors that leave a block, or a decorated function.

        Args:
            kind: Errors of which class, or classes.

        Example:
            >>> from fastnfurious.core.settings import FastNFuriousSettings
            >>> from fastnfurious.metrics import Metrics, MetricsSettings
            >>> metrics = Metrics(MetricsSettings(), FastNFuriousSettings())
            >>> failures = metrics.counter("failures", "Orders that failed.")
            >>> @failures.count_exceptions(KeyError)
            ... async def order(item: str) -> None:
            ...     raise KeyError(item)
        """

        @contextmanager
        def counting() -> Iterator[None]:
            try:
                yield
            except kind:
                self.inc()
                raise

        return Block(counting)
