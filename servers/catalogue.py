"""Every server that can be asked for."""

from __future__ import annotations

from servers.chromium import Chromium
from servers.collector import Collector
from servers.elasticsearch import Elasticsearch
from servers.kafka import Kafka
from servers.keycloak import Keycloak
from servers.minio import Minio
from servers.nats import Nats
from servers.opensearch import OpenSearch
from servers.postgres import Postgres
from servers.prometheus import Prometheus
from servers.redis import Redis
from servers.server import Server

__all__ = ["SERVERS"]

_ALL = (
    Nats(),
    Postgres(),
    Redis(),
    Minio(),
    Keycloak(),
    Kafka(),
    OpenSearch(),
    Elasticsearch(),
    Collector(),
    Prometheus(),
    Chromium(),
)

SERVERS: dict[str, Server] = {server.name: server for server in _ALL}
"""The servers by name."""
