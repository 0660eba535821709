"""Every server that can be asked for."""

from __future__ import annotations

from servers.keycloak import Keycloak
from servers.minio import Minio
from servers.nats import Nats
from servers.postgres import Postgres
from servers.redis import Redis
from servers.server import Server

__all__ = ["SERVERS"]

SERVERS: dict[str, Server] = {
    server.name: server for server in (Nats(), Postgres(), Redis(), Minio(), Keycloak())
}
"""The servers by name, in the order of their start."""
