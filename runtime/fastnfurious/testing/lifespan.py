"""Starting and stopping an ASGI application without a server.

*Source:* the messages are those of the ASGI lifespan protocol,
https://asgi.readthedocs.io/en/latest/specs/lifespan.html.
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from starlette.types import ASGIApp, Message

from fastnfurious.core.errors import StartupError

__all__ = ["RunningApplication"]


class RunningApplication:
    """Hold an application started for the length of an ``async with`` block.

    The lifespan runs in a task of its own, as under a server: what it opens may be bound to the
    task that opened it.

    Args:
        app: The application.

    Example:
        >>> from fastapi import FastAPI
        >>> async def visit() -> str:
        ...     async with RunningApplication(FastAPI()):
        ...         return "started"
        >>> asyncio.run(visit())
        'started'
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._outbox: asyncio.Queue[Message | None] = asyncio.Queue()
        self._state: dict[str, Any] = {}

    async def __aenter__(self) -> dict[str, Any]:
        """Start the application.

        Returns:
            The lifespan state, which belongs into the scope of every request.

        Raises:
            Exception: Whatever the application's start-up raised.
            StartupError: The application refused to start without raising anything.
        """
        self._task = asyncio.create_task(self._run())
        await self._exchange("startup")
        return self._state

    async def __aexit__(self, *exc_info: object) -> None:
        """Stop the application.

        Raises:
            Exception: Whatever the application's shutdown raised.
        """
        await self._exchange("shutdown")
        await self._task

    async def _exchange(self, phase: Literal["startup", "shutdown"]) -> None:
        await self._inbox.put({"type": f"lifespan.{phase}"})
        answer = await self._outbox.get()
        if answer is not None and answer["type"] == f"lifespan.{phase}.complete":
            return
        await self._task
        reason = (answer or {}).get("message") or "its lifespan ended without an answer"
        raise StartupError(f"The application failed at {phase}: {reason}")

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": self._state}
        try:
            await self._app(scope, self._inbox.get, self._outbox.put)
        finally:
            await self._outbox.put(None)
