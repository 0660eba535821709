"""Identifiers that a test knows beforehand."""

from __future__ import annotations

from itertools import count

__all__ = ["SequentialIdentifiers"]


class SequentialIdentifiers:
    """Count up where `fastnfurious.core.identifiers.new_identifier` is random.

    Every identifier has 32 hexadecimal digits, the shape of a W3C trace id.

    Args:
        start: First number.

    Example:
        >>> identifiers = SequentialIdentifiers()
        >>> identifiers()
        '00000000000000000000000000000001'
        >>> identifiers.issued
        ['00000000000000000000000000000001']
    """

    def __init__(self, start: int = 1) -> None:
        self._numbers = count(start)
        self.issued: list[str] = []

    def __call__(self) -> str:
        """Return the next identifier."""
        identifier = f"{next(self._numbers):032x}"
        self.issued.append(identifier)
        return identifier
