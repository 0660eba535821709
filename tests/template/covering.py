"""Covering arrays: few rows, in which every two values of every two factors meet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product
from typing import TypeVar

__all__ = ["Pair", "pairs", "pairwise"]

Value = TypeVar("Value")
Pair = frozenset[tuple[str, int]]
"""Two factors, each with the position of one of its values."""


def pairs(row: Mapping[str, int]) -> set[Pair]:
    """Return every pair that a row of positions covers."""
    return {frozenset(pair) for pair in combinations(row.items(), 2)}


def pairwise(factors: Mapping[str, Sequence[Value]]) -> list[dict[str, Value]]:
    """Return rows that cover every pair of values; the first has each factor's first value.

    Each row begins with a pair that is still missing; each further factor then takes the value
    that adds most missing pairs. That is not the smallest array, but close, and always the same.

    Example:
        >>> len(pairwise({"a": [1, 2], "b": [1, 2], "c": [1, 2]}))
        4
    """
    missing = _all_pairs(factors)
    rows = [dict.fromkeys(factors, 0)]
    missing -= pairs(rows[0])
    while missing:
        row = _row(factors, missing)
        missing -= pairs(row)
        rows.append(row)
    return [{name: factors[name][row[name]] for name in factors} for row in rows]


def _all_pairs(factors: Mapping[str, Sequence[object]]) -> set[Pair]:
    return {
        frozenset([(one, i), (other, j)])
        for one, other in combinations(factors, 2)
        for i, j in product(range(len(factors[one])), range(len(factors[other])))
    }


def _row(factors: Mapping[str, Sequence[object]], missing: set[Pair]) -> dict[str, int]:
    row = dict(min(missing, key=sorted))
    for name in sorted(factors, key=lambda factor: -len(factors[factor])):
        if name not in row:
            row[name] = max(
                range(len(factors[name])),
                key=lambda value: _gain(row.items(), (name, value), missing),
            )
    return row


def _gain(chosen: Iterable[tuple[str, int]], new: tuple[str, int], missing: set[Pair]) -> int:
    return sum(frozenset([old, new]) in missing for old in chosen)
