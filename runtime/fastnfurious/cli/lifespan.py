"""The application's start-up and shutdown, as the server drives them."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.config import Config

__all__ = ["Lifespan"]


class Lifespan:
    """Drive the ASGI lifespan protocol, and keep the exception that ended it.

    uvicorn's own class logs the traceback as text and then ends the process; the exception itself,
    from which one readable line can be made, is lost.

    *Source:* https://asgi.readthedocs.io/en/latest/specs/lifespan.html.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._done = {"startup": asyncio.Event(), "shutdown": asyncio.Event()}
        self._error: BaseException | None = None
        self.state: dict[str, Any] = {}
        self.should_exit = False
        self.started = False

    async def startup(self) -> None:
        """Start the application.

        Raises:
            Exception: Whatever the application failed with.
        """
        self._task = asyncio.create_task(self._run(), name="lifespan")
        await self._ask("startup")
        self.started = True

    async def shutdown(self) -> None:
        """Stop the application.

        Raises:
            Exception: Whatever the application failed with.
        """
        if not self._task.done():
            await self._ask("shutdown")

    async def _ask(self, phase: str) -> None:
        await self._inbox.put({"type": f"lifespan.{phase}"})
        await self._done[phase].wait()
        if self._error is not None:
            raise self._error

    async def _run(self) -> None:
        version = self._config.asgi_version
        asgi = {"version": version, "spec_version": "2.0"}
        scope: Any = {"type": "lifespan", "asgi": asgi, "state": self.state}
        try:
            await self._config.loaded_app(scope, self._inbox.get, self._send)
        except BaseException as error:
            self._error = error
        finally:
            for event in self._done.values():
                event.set()

    async def _send(self, message: Any) -> None:
        _, phase, outcome = message["type"].split(".")
        # After a failure Starlette raises the error itself, which tells more than the message.
        if outcome == "failed":
            self._error = RuntimeError(message.get("message") or f"{phase} failed")
            return
        self._done[phase].set()
