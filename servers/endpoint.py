"""Where a server is, and how close it is to what a service meets in production."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Endpoint", "Fidelity"]


class Fidelity(StrEnum):
    """How close a server is to the one it stands for.

    ``real`` is the product itself, ``compatible`` another product with the same protocol, and
    ``emulator`` something that only imitates it.
    """

    REAL = "real"
    COMPATIBLE = "compatible"
    EMULATOR = "emulator"

    def is_at_least(self, least: Fidelity) -> bool:
        """Return whether this is as close to the real server as ``least``, or closer."""
        ranks = list(Fidelity)
        return ranks.index(self) <= ranks.index(least)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Tell how to reach a server that is running.

    Attributes:
        name: Name of the server, for example ``nats``.
        version: Its version.
        fidelity: How close it is to the real one.
        url: Its address, with credentials where it asks for them.
        settings: Environment variables that point an integration at it.
    """

    name: str
    version: str
    fidelity: Fidelity
    url: str
    settings: Mapping[str, str]
