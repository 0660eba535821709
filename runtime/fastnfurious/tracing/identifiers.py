"""The ids of traces and spans: random, or repeatable in a test."""

from __future__ import annotations

import random
from collections.abc import Callable
from threading import local

__all__ = ["TraceIdentifiers"]


class TraceIdentifiers:
    """Make ids; also the id generator that OpenTelemetry's SDK is given.

    The decision to sample needs the trace id before the SDK makes a span, so the SDK is handed the
    id that was decided on.

    Args:
        bits: Returns that many random bits; ``random.Random(1).getrandbits`` is repeatable.

    Example:
        >>> ids = TraceIdentifiers(random.Random(1).getrandbits)
        >>> ids.decide(7)
        >>> ids.generate_trace_id()
        7
    """

    def __init__(self, bits: Callable[[int], int] = random.getrandbits) -> None:
        self.bits = bits
        self._decided = local()

    def decide(self, trace_id: int) -> None:
        """Give the next new trace of this thread this id."""
        self._decided.trace_id = trace_id

    def generate_trace_id(self) -> int:
        """Return a trace id, 128 bits and never zero."""
        trace_id: int = getattr(self._decided, "trace_id", 0) or self.bits(128) or 1
        self._decided.trace_id = 0
        return trace_id

    def generate_span_id(self) -> int:
        """Return a span id, 64 bits and never zero."""
        return self.bits(64) or 1

    def is_trace_id_random(self) -> bool:
        """Return whether the flag ``random`` of the W3C standard holds."""
        return True
