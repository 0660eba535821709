"""The stand-in: a NATS server in the process, which speaks the real protocol on the loopback."""

from __future__ import annotations

from fastnfurious.nats.embedded.server import EmbeddedServer

__all__ = ["EmbeddedServer"]
