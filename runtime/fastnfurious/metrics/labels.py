"""How many combinations of label values a metric keeps apart.

A label whose values come from outside, an id or a tenant, makes a metric grow until the process
dies. Beyond the bound everything is counted under one constant, so that totals stay right.
"""

from __future__ import annotations

import logging
from collections import Counter

__all__ = ["OVERFLOW", "LabelBound"]

OVERFLOW = "_OVERFLOW"
"""Value of every label of a measurement that came after the bound was reached."""

_logger = logging.getLogger(__name__)


class LabelBound:
    """Bound the label sets of each metric, count what goes over, and warn once for each metric.

    Args:
        limit: Combinations that one metric keeps apart.

    Attributes:
        overflows: Metric → measurements that were counted under `OVERFLOW`.
    """

    __slots__ = ("limit", "overflows")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.overflows: Counter[str] = Counter()

    def admits(self, metric: str, known: int) -> bool:
        """Return whether a metric that knows so many combinations may have another one."""
        if known < self.limit:
            return True
        if metric not in self.overflows:
            _logger.warning(
                "The metric %r has %d combinations of labels; further ones are counted under %r. "
                "Use labels with few values, or raise METRICS_MAX_LABEL_SETS",
                metric,
                self.limit,
                OVERFLOW,
            )
        self.overflows[metric] += 1
        return False
