"""What can stand around a block or a function: ``with``, ``async with`` and decorators in one."""

from __future__ import annotations

import functools
import inspect
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager, aclosing
from types import TracebackType
from typing import Any, Generic, TypeVar, cast

__all__ = ["Around"]

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Entered = TypeVar("_Entered", covariant=True)


class Around(ABC, Generic[_Entered]):
    """Give a context manager its asynchronous form, and its form as a decorator.

    A coroutine is inside until it has finished, a generator until it is exhausted or closed.

    Example:
        >>> class Seven(Around[int]):
        ...     def __enter__(self) -> int: return 7
        ...     def __exit__(self, kind, error, traceback) -> None: print("left")
        ...     def _fresh(self) -> "Seven": return Seven()
        >>> @Seven()
        ... def run() -> str:
        ...     return "inside"
        >>> run()
        left
        'inside'
    """

    __slots__ = ()

    @abstractmethod
    def __enter__(self) -> _Entered:
        """Begin the block."""

    @abstractmethod
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the block; an error goes on."""

    @abstractmethod
    def _fresh(self) -> AbstractContextManager[_Entered]:
        """Return what stands around one call of a function."""

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
            with self._fresh():
                return function(*args, **kwargs)

        return run

    def _around_coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def run(*args: Any, **kwargs: Any) -> Any:
            with self._fresh():
                return await function(*args, **kwargs)

        return run

    def _around_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            with self._fresh():
                return (yield from function(*args, **kwargs))

        return run

    def _around_async_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def run(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            with self._fresh():
                async with aclosing(function(*args, **kwargs)) as items:
                    async for item in items:
                        yield item

        return run
