"""Buckets and bounds from the environment."""

from __future__ import annotations

import pytest

from fastnfurious.core.errors import SettingsError
from fastnfurious.metrics import MetricsSettings


def test_buckets_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable needs no JSON."""
    monkeypatch.setenv("METRICS_BUCKETS", "0.1, 0.5,1")
    assert MetricsSettings.load().buckets == (0.1, 0.5, 1.0)


@pytest.mark.parametrize("buckets", ["1,1", "2,1", "0,1", "-1", "nan", "1,inf", "a,b", ","])
def test_buckets_that_make_no_sense_are_refused(
    monkeypatch: pytest.MonkeyPatch, buckets: str
) -> None:
    """The error names the variable."""
    monkeypatch.setenv("METRICS_BUCKETS", buckets)
    with pytest.raises(SettingsError, match="METRICS_BUCKETS"):
        MetricsSettings.load()


def test_every_setting_is_documented() -> None:
    """Each has a variable of our prefix and a sentence about it."""
    for row in MetricsSettings.describe():
        assert row.variable.startswith("METRICS_") and row.description.endswith("."), row
