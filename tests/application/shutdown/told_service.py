"""A service that tells, line by line, in which order it is started and stopped."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from fastnfurious import FastNFuriousAPI


def tell(text: str) -> None:
    """Write a line at once."""
    print(f"told: {text}", flush=True)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Fail when asked to, at the start or at the end."""
    tell("start")
    if os.environ.get("FAIL") == "start":
        raise ValueError("the cellar is flooded")
    yield
    tell("stop")
    if os.environ.get("FAIL") == "stop":
        raise ValueError("the door is stuck")


app = FastNFuriousAPI(title="Told service", lifespan=lifespan)
_begin, _drain = app.lifecycle.begin_drain, app.lifecycle.drain


def begin_drain() -> None:
    """Tell, and begin."""
    if not app.lifecycle.draining:
        tell("begin")
    _begin()


async def drain() -> None:
    """Tell, and drain."""
    tell("drain")
    await _drain()


app.lifecycle.begin_drain = begin_drain  # type: ignore[method-assign]
app.lifecycle.drain = drain  # type: ignore[method-assign]
