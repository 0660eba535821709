"""Timing a block, or each call of a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from fastnfurious.metrics.block import Block

__all__ = ["timed"]


def timed(observe: Callable[[float], None]) -> Block[None]:
    """Return a block whose duration in seconds is observed, also when it raises."""

    @contextmanager
    def timing() -> Iterator[None]:
        started = perf_counter()
        try:
            yield
        finally:
            observe(perf_counter() - started)

    return Block(timing)
