"""Which lines are worth writing: a level for each logger, inherited along the dots of its name."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from fastnfurious.core.errors import ConfigurationError

__all__ = ["INHERIT", "LEVELS", "OFF", "ROOT", "Levels", "level_name", "level_number"]

ROOT = "root"
"""Name under which the level of every logger without one of its own is set."""

INHERIT = "NOTSET"
"""Level that makes a logger follow its parent again."""

OFF = 1_000_000
"""Number of the level ``OFF``, above every line."""

LEVELS: Mapping[str, int] = {
    "TRACE": 5,
    "DEBUG": 10,
    "INFO": 20,
    "SUCCESS": 25,
    "WARNING": 30,
    "ERROR": 40,
    "CRITICAL": 50,
    "OFF": OFF,
}
"""Every level that can be set, with its number in loguru and in the standard library."""

_NAMES = {number: name for name, number in LEVELS.items()}
_ALIASES = {"WARN": "WARNING", "FATAL": "CRITICAL"}
_REMEMBERED = 4096


def level_number(name: str) -> int:
    """Return the number of a level; upper and lower case are the same.

    Raises:
        ConfigurationError: No level has that name.

    Example:
        >>> level_number("warning")
        30
    """
    wanted = name.strip().upper()
    number = LEVELS.get(_ALIASES.get(wanted, wanted))
    if number is None:
        raise ConfigurationError(f"{name!r} is not a log level: use one of {', '.join(LEVELS)}")
    return number


def level_name(number: int) -> str:
    """Return the name of a level number, also of one that only the standard library knows.

    Example:
        >>> level_name(25), level_name(15)
        ('SUCCESS', 'Level 15')
    """
    return _NAMES.get(number) or logging.getLevelName(number)


class Levels:
    """Decide which lines of which logger are written.

    Args:
        root: Level of every logger that has none of its own.
        loggers: Logger → level.

    Raises:
        ConfigurationError: A level is unknown.

    Example:
        >>> levels = Levels("INFO", {"shop.orders": "DEBUG"})
        >>> levels.threshold("shop.orders.basket"), levels.threshold("shop")
        (10, 20)
    """

    def __init__(self, root: str, loggers: Mapping[str, str]) -> None:
        self._numbers = {ROOT: level_number(root)}
        self._remembered: dict[str, int] = {}
        for logger, level in loggers.items():
            self.set(logger, level)

    @property
    def numbers(self) -> Mapping[str, int]:
        """Return logger → level number, for those that have a level of their own."""
        return self._numbers

    @property
    def lowest(self) -> int:
        """Return the lowest number of all: a line below it is written for no logger."""
        return min(self._numbers.values())

    def threshold(self, logger: str) -> int:
        """Return the number from which on the lines of a logger are written."""
        number = self._remembered.get(logger)
        if number is None:
            number = self._inherited(logger)
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            self._remembered[logger] = number
        return number

    def set(self, logger: str, level: str) -> None:
        """Give a logger, and those below it that have no level of their own, another level.

        Args:
            logger: Dotted name; ``"root"`` or an empty text for all that have no level.
            level: Name of a level; ``"NOTSET"`` takes the logger's own level away.

        Raises:
            ConfigurationError: The level is unknown, or ``NOTSET`` was asked for the root.
        """
        logger = logger.strip() or ROOT
        if level.strip().upper() == INHERIT:
            self._forget(logger)
        else:
            self._numbers[logger] = level_number(level)
        self._remembered.clear()

    def _forget(self, logger: str) -> None:
        if logger == ROOT:
            raise ConfigurationError(
                f"{INHERIT!r} is not possible for the root, which has no parent: "
                f"use one of {', '.join(LEVELS)}"
            )
        self._numbers.pop(logger, None)

    def _inherited(self, logger: str) -> int:
        while logger:
            if logger in self._numbers:
                return self._numbers[logger]
            logger = logger.rpartition(".")[0]
        return self._numbers[ROOT]
