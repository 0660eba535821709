"""Every server that can be asked for."""

from __future__ import annotations

from servers.nats import Nats
from servers.postgres import Postgres
from servers.server import Server

__all__ = ["SERVERS"]

SERVERS: dict[str, Server] = {server.name: server for server in (Nats(), Postgres())}
"""The servers by name, in the order of their start."""
