"""What the tests of NATS in an application share."""

from __future__ import annotations

from typing import Any

from fastnfurious import FastNFuriousAPI
from fastnfurious.core.registry import Registry, RegistryEntry

__all__ = ["ENTRY", "make_app"]

ENTRY = RegistryEntry(
    "nats",
    "fastnfurious.nats.integration:NatsIntegration",
    "fastnfurious[nats]",
    ("nats",),
    ("create_nats_client",),
)


def make_app(**options: Any) -> FastNFuriousAPI:
    """Return an application that has no integration but NATS."""
    app = FastNFuriousAPI(title="Demo application", **options)
    app.integrations.registry = Registry([ENTRY])
    return app
