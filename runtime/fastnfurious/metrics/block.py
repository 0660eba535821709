"""Measuring a block or a function."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TypeVar

from fastnfurious.core.around import Around

__all__ = ["Block"]

_Entered = TypeVar("_Entered", covariant=True)


class Block(Around[_Entered]):
    """Run a block, or each call of a function, within a fresh context manager.

    Args:
        enter: Makes the context manager.
    """

    __slots__ = ("_enter", "_entered")

    def __init__(self, enter: Callable[[], AbstractContextManager[_Entered]]) -> None:
        self._enter = enter
        self._entered: AbstractContextManager[_Entered] | None = None

    def __enter__(self) -> _Entered:
        """Begin the block.

        Raises:
            RuntimeError: The same object has begun another block.
        """
        if self._entered is not None:
            raise RuntimeError("One measurement is for one block: create another one")
        self._entered = self._fresh()
        return self._entered.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the block; an error goes on."""
        if self._entered is not None:
            self._entered.__exit__(kind, error, traceback)

    def _fresh(self) -> AbstractContextManager[_Entered]:
        return self._enter()
