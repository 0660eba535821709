"""The management port: a second listener in the same process, for probes and scrapers."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from uvicorn import Config

from fastnfurious.cli.connections import ConnectionState, HttpProtocol

__all__ = ["ManagementListener"]


class ManagementListener:
    """Serve the management routes beside the application, until its last request is answered.

    Args:
        app: The ASGI application with the management routes.
        listeners: The bound sockets.
    """

    def __init__(self, app: Any, listeners: list[socket.socket]) -> None:
        self._listeners = listeners
        self._servers: list[asyncio.Server] = []
        self._config = Config(
            app, http=HttpProtocol, ws="none", lifespan="off", log_config=None, access_log=False
        )
        self.state = ConnectionState()

    async def open(self) -> None:
        """Listen."""
        self._config.server_header = False
        self._config.load()
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            self._servers.append(await loop.create_server(self._protocol, sock=listener))

    async def aclose(self) -> None:
        """Close the port; a probe that is being answered gets its answer."""
        for server in self._servers:
            server.close()
        self.state.draining = True
        for connection in list(self.state.connections):
            connection.shutdown()
        if self.state.tasks:
            await asyncio.wait(self.state.tasks, timeout=1)

    def _protocol(self) -> asyncio.Protocol:
        return HttpProtocol(self._config, self.state, app_state={})
