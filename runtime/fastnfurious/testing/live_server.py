"""A server on a real port, for whatever needs one: Tavern, browsers, streams, websockets."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Self

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from fastnfurious.core.errors import StartupError

__all__ = ["LiveServer"]


class LiveServer:
    """Serve an application on a free port of this machine, in a thread of this process.

    The test and the application share one process, so dependency overrides and recorded spans,
    logs and metrics work as with the other clients.

    Args:
        app: The application.
        host: Address to listen on.
        timeout: Seconds that start-up and shutdown may each take.

    Example:
        >>> import httpx2
        >>> from fastapi import FastAPI
        >>> with LiveServer(FastAPI()) as server:
        ...     httpx2.get(f"{server.url}/openapi.json").status_code
        200
    """

    def __init__(self, app: ASGIApp, *, host: str = "127.0.0.1", timeout: float = 10.0) -> None:
        self._app = app
        self._timeout = timeout
        self._error: BaseException | None = None
        self._ready = threading.Event()
        self._in_flight = 0
        self._changed = threading.Condition()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.bind((host, 0))
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        self._server = _Server(self._watched, self._ready)
        self._thread = threading.Thread(target=self._serve, name="live-server", daemon=True)

    @property
    def url(self) -> str:
        """Return the address to send requests to, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def __str__(self) -> str:
        """Return the same as `url`."""
        return self.url

    def __enter__(self) -> Self:
        """Start, and wait until requests are accepted; see `start`."""
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Finish the requests in flight and stop."""
        self.stop()

    def start(self) -> None:
        """Start, and wait until requests are accepted.

        Raises:
            StartupError: The application could not be started, or not in time.
        """
        self._thread.start()
        in_time = self._ready.wait(self._timeout)
        if in_time and self._server.started:
            return
        self._halt()
        reason = f"no answer within {self._timeout:g} s" if not in_time else str(self._error)
        raise StartupError(f"The live server could not be started: {reason}") from self._error

    def stop(self) -> None:
        """Finish the requests in flight, stop the application, and release the port.

        Raises:
            StartupError: The application did not stop in time, or failed at it.
        """
        self._halt()
        if self._thread.is_alive():
            raise StartupError(f"The live server did not stop within {self._timeout:g} s")
        if self._error is not None:
            reason = f"The application failed while it was stopping: {self._error}"
            raise StartupError(reason) from self._error

    def wait_idle(self) -> None:
        """Wait until every answered request is finished: its span, its metrics, its log line.

        A response reaches the test a moment before the application is done with the request.

        Raises:
            TimeoutError: A request is still running when the time is up.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._in_flight == 0, self._timeout):
                reason = f"requests still running after {self._timeout:g} s: {self._in_flight}"
                raise TimeoutError(reason)

    def _halt(self) -> None:
        self._server.should_exit = True
        self._thread.join(self._timeout)
        self._socket.close()

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        except BaseException as error:
            # The server leaves a failed start-up with SystemExit; the reason is in _watched.
            self._error = self._error or error
        finally:
            self._ready.set()

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        self._count(1)
        try:
            await self._app(scope, receive, send)
        finally:
            self._count(-1)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Remember why the lifespan failed; the server itself only logs it."""
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            self._error = error
            raise

    def _count(self, change: int) -> None:
        with self._changed:
            self._in_flight += change
            self._changed.notify_all()


class _Server(uvicorn.Server):
    """Say when requests are accepted, in place of being asked again and again."""

    def __init__(self, app: ASGIApp, ready: threading.Event) -> None:
        self._ready = ready
        config = uvicorn.Config(
            app,
            interface="asgi3",
            lifespan="on",
            loop="asyncio",  # a LoopWatch cannot look into uvloop
            log_config=None,  # log records must reach whatever the test listens with
            access_log=False,
        )
        super().__init__(config)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready.set()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            await asyncio.sleep(0.01)
