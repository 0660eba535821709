"""Fresh identifiers, as something that can be handed in and frozen."""

from __future__ import annotations

from collections.abc import Callable
from random import SystemRandom

__all__ = ["IdentifierFactory", "new_identifier"]

IdentifierFactory = Callable[[], str]
"""Returns another text at each call."""

_random = SystemRandom()


def new_identifier() -> str:
    """Return 32 random hexadecimal digits, the shape of a W3C trace id."""
    return f"{_random.getrandbits(128):032x}"
