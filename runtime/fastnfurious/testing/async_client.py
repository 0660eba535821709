"""A client for async tests: requests go straight into the application, in the test's own loop."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx2
from starlette.types import ASGIApp, Receive, Scope, Send

from fastnfurious.testing.lifespan import RunningApplication

__all__ = ["AsyncTestClient"]


class AsyncTestClient(httpx2.AsyncClient):
    """Send requests to an application in the running event loop, with its lifespan.

    Test code and handlers share one loop, so a test can await what the application awaits. A
    response arrives whole: to follow a stream or to hang up half-way, use a `LiveServer`.

    Args:
        app: The application.
        base_url: Host that the application sees.
        raise_server_exceptions: Raise what a handler raises in the test; ``False`` gives the
            response that a client would get.
        **options: Passed on to ``httpx2.AsyncClient``.

    Example:
        >>> import asyncio
        >>> from fastapi import FastAPI
        >>> app = FastAPI()
        >>> async def visit() -> int:
        ...     async with AsyncTestClient(app) as client:
        ...         return (await client.get("/nothing")).status_code
        >>> asyncio.run(visit())
        404
    """

    __test__ = False

    def __init__(
        self,
        app: ASGIApp,
        *,
        base_url: str = "http://testserver",
        raise_server_exceptions: bool = True,
        **options: Any,
    ) -> None:
        self.app = app
        self._running = RunningApplication(app)
        self._lifespan_state: dict[str, Any] = {}
        transport = httpx2.ASGITransport(
            self._with_state, raise_app_exceptions=raise_server_exceptions
        )
        super().__init__(transport=transport, base_url=base_url, **options)

    async def __aenter__(self) -> Self:
        """Start the application.

        Raises:
            Exception: Whatever the application's start-up raised.
        """
        self._lifespan_state = await self._running.__aenter__()
        return await super().__aenter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Close the client, then stop the application."""
        try:
            await super().__aexit__(exc_type, exc_value, traceback)
        finally:
            await self._running.__aexit__(exc_type, exc_value, traceback)

    async def _with_state(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app({**scope, "state": self._lifespan_state.copy()}, receive, send)
