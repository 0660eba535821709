"""Measuring a block or a function: one object for ``with``, ``async with`` and decorators."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager, aclosing
from types import TracebackType
from typing import Any, Generic, TypeVar, cast

__all__ = ["Block"]

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Entered = TypeVar("_Entered", covariant=True)


class Block(Generic[_Entered]):
    """Run a block, or each call of a function, within a fresh context manager.

    A coroutine is measured until it has finished, a generator until it is exhausted or closed.

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
        self._entered = self._enter()
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

    async def __aenter__(self) -> _Entered:
        """Begin the block; see `__enter__`."""
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the block; an error goes on."""
        self.__exit__(kind, error, traceback)

    def __call__(self, function: _Function) -> _Function:
        """Return a function of which each call is such a block."""
        wrapped: Callable[..., Any]
        if inspect.isasyncgenfunction(function):
            wrapped = self._around_async_generator(function)
        elif inspect.isgeneratorfunction(function):
            wrapped = self._around_generator(function)
        elif inspect.iscoroutinefunction(function):
            wrapped = self._around_coroutine(function)
        else:
            wrapped = self._around_function(function)
        return cast(_Function, functools.wraps(function)(wrapped))

    def _around_function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            with self._enter():
                return function(*args, **kwargs)

        return run

    def _around_coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def run(*args: Any, **kwargs: Any) -> Any:
            with self._enter():
                return await function(*args, **kwargs)

        return run

    def _around_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            with self._enter():
                return (yield from function(*args, **kwargs))

        return run

    def _around_async_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def run(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            with self._enter():
                async with aclosing(function(*args, **kwargs)) as items:
                    async for item in items:
                        yield item

        return run
