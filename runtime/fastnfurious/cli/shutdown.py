"""The order in which a serving process stops, so that no accepted request or message is lost."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Protocol

from loguru import logger
from uvicorn.config import Config

from fastnfurious.application.app import FastNFuriousAPI
from fastnfurious.cli.backlog import refuse_new, wait_emptied
from fastnfurious.cli.connections import ConnectionState, HttpProtocol, WebSocketProtocol
from fastnfurious.cli.launch import Launch
from fastnfurious.cli.lifespan import Lifespan
from fastnfurious.cli.management import ManagementListener

__all__ = ["Shutdown", "Stoppable"]

_TICK = 0.02
_QUIET = 0.5
"""Seconds of silence after which a connection is taken to have nothing on its way."""
_HANDSHAKE = 0.3
"""Seconds that a TLS handshake may still take after the port is closed."""
_BACKLOG = 1.0
"""Seconds after which emptying the backlog is given up."""
_CLOSE = 10.0
"""Seconds that closing the parts and flushing telemetry may take."""
_FORCED_CLOSE = 1.0
"""The same after a second signal."""


class Stoppable(Protocol):
    """What a server has that can be stopped in order: uvicorn's own attributes, and ours.

    Attributes:
        launch: What is served, and how.
        server_state: The open connections and running requests.
        servers: What listens.
        config: uvicorn's configuration.
        lifespan: What closes the application.
        management: What serves the management port, if there is one.
        force_exit: Whether a second signal has come.
    """

    launch: Launch
    server_state: ConnectionState
    servers: list[asyncio.base_events.Server]
    config: Config
    lifespan: Lifespan
    management: ManagementListener | None
    force_exit: bool

    @property
    def app(self) -> FastNFuriousAPI:
        """Return the application."""
        ...

    def note(self, error: BaseException | None) -> None:
        """Remember why the stop failed, if it did."""
        ...


class Shutdown:
    """Stop a server in order; a second signal skips every wait.

    1. Readiness turns 503, and every response from now on ends its connection.
    2. For ``SHUTDOWN_DELAY`` seconds everything else goes on, so that load balancers notice.
    3. Integrations take no new messages and finish those they hold.
    4. The port is closed: new connections are refused, those in the backlog accepted first.
    5. Requests in flight finish; websockets are closed with 1012; a connection that
       stays silent is closed. ``SHUTDOWN_TIMEOUT`` seconds after step 2 what is left is cut off.
    6. The management port is closed, the parts are closed, telemetry is flushed.
    """

    def __init__(self, server: Stoppable, listeners: list[socket.socket]) -> None:
        self._server = server
        self._state = server.server_state
        self._listeners = listeners
        self._settings = server.launch.settings
        self._loop = asyncio.get_running_loop()
        self._started = self._deadline = self._loop.time()

    async def run(self) -> None:
        """Go through all steps."""
        self._begin()
        await self._wait(lambda: False, self._settings.shutdown_delay)
        self._deadline = self._loop.time() + self._settings.shutdown_timeout
        await self._drain_messages()
        await self._stop_accepting()
        await self._drain_connections()
        await self._close()
        logger.info("Stopped after {:.2f} s", self._loop.time() - self._started)

    def _begin(self) -> None:
        logger.info("Stopping: no longer ready, open connections: {}", len(self._state.connections))
        self._server.app.lifecycle.begin_drain()
        self._state.draining = True
        for connection in self._state.connections:
            if isinstance(connection, HttpProtocol):
                connection.begin_drain()

    async def _drain_messages(self) -> None:
        limit = self._deadline - self._loop.time()
        if not await self._finish(self._server.app.lifecycle.drain(), limit):
            logger.warning("Messages in flight were not finished within SHUTDOWN_TIMEOUT")

    async def _stop_accepting(self) -> None:
        # Sockets that other workers go on serving must neither be closed to newcomers nor emptied
        # by us alone; leaving them is enough.
        if self._server.launch.closes_sockets:
            for listener in self._listeners:
                refuse_new(listener)
            await wait_emptied(self._listeners, timeout=_BACKLOG)
        for server in self._server.servers:
            server.close()
        for listener in self._listeners:
            listener.close()
        if self._server.config.is_ssl:
            # A connection in its TLS handshake is not in any list yet.
            await self._wait(lambda: False, _HANDSHAKE)

    async def _drain_connections(self) -> None:
        quiet: dict[HttpProtocol, float] = {}
        while self._busy() and not self._over():
            for connection in list(self._state.connections):
                if isinstance(connection, HttpProtocol):
                    self._close_if_quiet(connection, quiet)
                elif isinstance(connection, WebSocketProtocol):
                    connection.end()
            await asyncio.sleep(_TICK)
        if self._busy():
            await self._cut_off()

    def _close_if_quiet(self, connection: HttpProtocol, quiet: dict[HttpProtocol, float]) -> None:
        if connection.ending or connection.transport.is_closing():
            return
        if connection.owes_answer:
            quiet.pop(connection, None)
            return
        since = quiet.setdefault(connection, self._loop.time())
        if self._loop.time() - since >= _QUIET and not connection.has_unread:
            connection.close_gently()

    async def _cut_off(self) -> None:
        forced = self._server.force_exit
        reason = "before a second signal" if forced else "within SHUTDOWN_TIMEOUT"
        count = len(self._state.tasks)
        logger.warning("Requests that did not finish {} are cut off: {}", reason, count)
        for task in self._state.tasks:
            task.cancel(msg="The service stops")
        await self._wait(lambda: not self._busy(), _FORCED_CLOSE)
        for connection in list(self._state.connections):
            connection.transport.abort()

    async def _close(self) -> None:
        if self._server.management is not None:
            await self._server.management.aclose()
        limit = _FORCED_CLOSE if self._server.force_exit else _CLOSE
        if not await self._finish(self._server.lifespan.shutdown(), limit, forced=True):
            logger.error("The application was not closed within {limit:g} s", limit=limit)

    def _busy(self) -> bool:
        return bool(self._state.connections or self._state.tasks)

    def _over(self) -> bool:
        return self._server.force_exit or self._loop.time() >= self._deadline

    async def _wait(self, done: Callable[[], bool], limit: float) -> bool:
        until = self._loop.time() + limit
        while not done() and not self._server.force_exit and self._loop.time() < until:
            await asyncio.sleep(min(_TICK, max(0.0, until - self._loop.time())))
        return done()

    async def _finish(self, work: Awaitable[None], limit: float, *, forced: bool = False) -> bool:
        task = asyncio.ensure_future(work)
        if forced and self._server.force_exit:
            await asyncio.wait([task], timeout=limit)
        else:
            await self._wait(task.done, limit)
        if not task.done():
            task.cancel()
            return False
        self._server.note(task.exception())
        return True
