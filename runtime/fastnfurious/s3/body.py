"""What can be written to an object, cut into parts so that memory stays flat."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from typing import Any, Protocol

from fastnfurious.s3.errors import InvalidArgument

__all__ = ["AsyncFile", "Body", "SyncFile", "parts_of"]

_CHUNK = 1 << 20


class SyncFile(Protocol):
    """A file opened for reading bytes; it is read in a thread."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""
        ...


class AsyncFile(Protocol):
    """Something that is read with ``await``, for example an upload."""

    async def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, none at the end."""
        ...


Body = bytes | bytearray | memoryview | SyncFile | AsyncFile | AsyncIterable[bytes]
"""What an object may be written from."""


async def parts_of(body: Body, size: int) -> AsyncGenerator[bytes, None]:
    """Yield the body in parts of ``size`` bytes; the last one may be shorter.

    There is at least one part, which is empty when the body is.

    Args:
        body: Bytes, a file, an upload, or an async iterable of bytes.
        size: Bytes in a part.

    Raises:
        InvalidArgument: The body is something else.
    """
    if isinstance(body, bytes) and len(body) <= size:
        yield body
        return
    waiting = bytearray()
    async with aclosing(_chunks(body)) as chunks:
        async for chunk in chunks:
            waiting += chunk
            # Not `>=`: the last part is what is left, and it must not be empty.
            while len(waiting) > size:
                yield bytes(memoryview(waiting)[:size])
                del waiting[:size]
    yield bytes(waiting)


def _chunks(body: Any) -> AsyncGenerator[bytes, None]:
    if isinstance(body, bytes | bytearray | memoryview):
        return _slices(memoryview(body).cast("B"))
    if hasattr(body, "read"):
        return _reads(body)
    if isinstance(body, AsyncIterable):
        return _checked(body)
    raise InvalidArgument(
        f"An object is written from bytes, a file or an async iterable of bytes, "
        f"not from {type(body).__name__}"
    )


async def _slices(body: memoryview) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(body), _CHUNK):
        yield bytes(body[start : start + _CHUNK])


async def _reads(file: Any) -> AsyncGenerator[bytes, None]:
    is_async = inspect.iscoroutinefunction(file.read)
    while True:
        chunk = await (file.read(_CHUNK) if is_async else asyncio.to_thread(file.read, _CHUNK))
        if not chunk:
            return
        yield _bytes(chunk)


async def _checked(chunks: AsyncIterable[Any]) -> AsyncGenerator[bytes, None]:
    async for chunk in chunks:
        yield _bytes(chunk)


def _bytes(chunk: Any) -> bytes:
    if isinstance(chunk, bytes | bytearray | memoryview):
        return bytes(chunk)
    raise InvalidArgument(
        f"The body gave {type(chunk).__name__} where bytes are needed: open files in binary mode"
    )
