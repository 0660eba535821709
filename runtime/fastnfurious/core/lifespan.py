"""Opening parts in order and closing them in reverse, also when one of them fails."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import Protocol, Self

from fastnfurious.core.errors import FastNFuriousError, StartupError

__all__ = ["Lifespan", "Part", "open_part"]


class Part(Protocol):
    """Anything with a name that is opened before the first request and closed after the last."""

    @property
    def name(self) -> str:
        """Return what the part is called in messages."""
        ...

    async def open(self) -> None:
        """Get ready."""
        ...

    async def aclose(self) -> None:
        """Release everything; also called when ``open`` failed half-way."""
        ...


class Lifespan:
    """Hold parts open for the length of an ``async with`` block.

    Example:
        >>> import asyncio
        >>> class Door:
        ...     name = "door"
        ...     async def open(self) -> None: print("open")
        ...     async def aclose(self) -> None: print("closed")
        >>> async def visit() -> None:
        ...     async with Lifespan([Door()]):
        ...         print("inside")
        >>> asyncio.run(visit())
        open
        inside
        closed
    """

    def __init__(self, parts: Iterable[Part]) -> None:
        self._parts = tuple(parts)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open every part in order.

        Raises:
            StartupError: A part could not be opened; those before it, and itself, were closed.
        """
        async with AsyncExitStack() as stack:
            for part in self._parts:
                stack.push_async_callback(part.aclose)
                await open_part(part)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Close every part in reverse; an error of one does not keep the others open."""
        await self._stack.aclose()


async def open_part(part: Part) -> None:
    """Open a part, and name it if it cannot be opened.

    Raises:
        StartupError: What the part raised, unless that is an error of ours already.
    """
    try:
        await part.open()
    except FastNFuriousError:
        raise
    except Exception as error:
        raise StartupError(f"{part.name} could not be opened: {error}") from error
