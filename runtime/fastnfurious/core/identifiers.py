"""Fresh identifiers, as something that can be handed in and frozen."""

from __future__ import annotations

import os
from collections.abc import Callable
from random import Random

__all__ = ["IdentifierFactory", "new_identifier"]

IdentifierFactory = Callable[[], str]
"""Returns another text at each call."""

# Identifiers are no secrets; a system call for each would cost more than the rest of the work.
_random = Random()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)


def new_identifier() -> str:
    """Return 32 random hexadecimal digits, the shape of a W3C trace id."""
    return f"{_random.getrandbits(128):032x}"
