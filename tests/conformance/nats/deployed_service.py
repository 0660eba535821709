"""A service as it is deployed: the script that the tests start and stop."""

from __future__ import annotations

import asyncio
import os

from fastnfurious import NatsService

service = NatsService("deployed", version="1.0.0")


@service.reply("deployed.slow", concurrency=4)
async def slow(seconds: float) -> float:
    """Answer after a while."""
    await asyncio.sleep(seconds)
    return seconds


@service.reply("deployed.fast", concurrency=4)
async def fast(number: int) -> int:
    """Say which process answers."""
    await asyncio.sleep(0.001)
    return os.getpid()


if __name__ == "__main__":
    service.run()
