"""The settings of metrics."""

from __future__ import annotations

from itertools import pairwise
from math import isfinite
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import SettingsConfigDict

from fastnfurious.core.settings import Settings

__all__ = ["DEFAULT_BUCKETS", "MetricsSettings"]

DEFAULT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds that suit most APIs."""


def _rising(buckets: tuple[float, ...]) -> tuple[float, ...]:
    if not buckets or not all(map(isfinite, buckets)) or buckets[0] <= 0:
        raise ValueError("expected positive numbers with commas between them, such as 0.1,0.5,1")
    if any(low >= high for low, high in pairwise(buckets)):
        raise ValueError("expected numbers that rise, such as 0.1,0.5,1")
    return buckets


Buckets = Annotated[tuple[float, ...], AfterValidator(_rising)]


class MetricsSettings(Settings):
    """Tune what is measured.

    Example:
        >>> MetricsSettings(buckets=(0.1, 1.0)).buckets
        (0.1, 1.0)
    """

    model_config = SettingsConfigDict(env_prefix="METRICS_")

    buckets: Buckets = Field(
        DEFAULT_BUCKETS,
        description="Upper bounds of the duration histograms, in seconds, separated by commas.",
    )
    max_label_sets: int = Field(
        2000,
        gt=0,
        description="Combinations of label values that one metric keeps apart; "
        "more are counted together.",
    )
    refresh_seconds: float = Field(
        5.0,
        gt=0,
        description="How often a worker writes down what other workers cannot read from it.",
    )
