"""The ratios that the benchmarks report."""

from __future__ import annotations

import pytest

from benchmarks.ratio import Ratio


def test_a_ratio_is_the_median_of_the_turns() -> None:
    """What disturbed both in one turn, or one in a single turn, does not count."""
    ratio = Ratio.of([10, 2, 30, 50], [10, 2, 20, 1])
    assert ratio.median == pytest.approx(1.25)


def test_half_of_the_turns_are_between_the_ends() -> None:
    """The ends are the quartiles, and both are ratios of turns."""
    ratio = Ratio.of([1, 2, 3, 4, 5], [1, 1, 1, 1, 1])
    assert (ratio.low, ratio.median, ratio.high) == (2, 3, 4)


def test_one_turn_has_no_spread() -> None:
    """The ratio of a single turn is all three."""
    assert Ratio.of([3], [2]) == Ratio(1.5, 1.5, 1.5)
