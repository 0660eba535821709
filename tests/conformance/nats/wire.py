"""A bare connection, to see what a server really sends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Self

__all__ = ["Wire"]


class Wire:
    """Speak to a server in its own words.

    Args:
        url: Address of the server.
        options: What ``CONNECT`` says; nothing is sent when it is empty and ``silent`` is given.
    """

    def __init__(
        self, url: str, options: Mapping[str, object] = {}, *, silent: bool = False
    ) -> None:
        self._port = int(url.rpartition(":")[2])
        self._options = {"verbose": False, "pedantic": False, "headers": True, **options}
        self._silent = silent
        self.info: dict[str, object] = {}

    async def __aenter__(self) -> Self:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        line = await self._reader.readline()
        self.info = json.loads(line.removeprefix(b"INFO "))
        if not self._silent:
            self.send(b"CONNECT " + json.dumps(self._options).encode())
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Disconnect."""
        self._writer.close()

    def send(self, *lines: bytes) -> None:
        """Send lines."""
        self._writer.write(b"".join(line + b"\r\n" for line in lines))

    async def settle(self) -> bytes:
        """Return all that the server has sent, when it has followed every command."""
        self.send(b"PING")
        return (await self.until(b"PONG\r\n")).removesuffix(b"PONG\r\n")

    async def until(self, words: bytes) -> bytes:
        """Return what the server sends, up to and with some words."""
        async with asyncio.timeout(5):
            return await self._reader.readuntil(words)

    async def rest(self) -> bytes:
        """Return what the server sends until it hangs up."""
        async with asyncio.timeout(5):
            return await self._reader.read()
