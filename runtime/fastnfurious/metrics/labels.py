"""How many combinations of label values a metric keeps apart.

A label whose values come from outside, an id or a tenant, makes a metric grow until the process
dies. Beyond the bound everything is counted under one constant, so that totals stay right.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

__all__ = ["OVERFLOW", "LabelBound"]

OVERFLOW = "_OVERFLOW"
"""Value of every label of a measurement that came after the bound was reached."""

_logger = logging.getLogger(__name__)


class LabelBound:
    """Bound the label sets of each metric, report what goes over, and warn once for each metric.

    Args:
        limit: Combinations that one metric keeps apart.
        on_overflow: Called with the metric's name at each measurement that goes over.
    """

    __slots__ = ("_limit", "_on_overflow", "_warned")

    def __init__(self, limit: int, on_overflow: Callable[[str], None] | None = None) -> None:
        self._limit = limit
        self._on_overflow = on_overflow
        self._warned: set[str] = set()

    def admits(self, metric: str, known: int) -> bool:
        """Return whether a metric that knows so many combinations may have another one."""
        if known < self._limit:
            return True
        if metric not in self._warned:
            self._warned.add(metric)
            _logger.warning(
                "The metric %r has %d combinations of labels; further ones are counted under %r. "
                "Use labels with few values, or raise METRICS_MAX_LABEL_SETS",
                metric,
                self._limit,
                OVERFLOW,
            )
        if self._on_overflow is not None:
            self._on_overflow(metric)
        return False
