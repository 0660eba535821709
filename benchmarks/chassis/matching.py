"""The program that times how a route is found: by FastAPI's router, and by ours.

Run with ``python -m benchmarks.chassis.matching``; it prints microseconds as JSON.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from itertools import cycle, islice
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRouter
from starlette.types import Receive, Scope, Send

from benchmarks.chassis.applications import add_routes, paths

__all__ = ["COUNTS", "main"]

COUNTS = (1, 60, 600)
REQUESTS = 600
REPEATS = 15


def main() -> None:
    """Print the µs for each number of routes, bare and ours."""
    print(json.dumps({count: [cost(count, bare), cost(count, ours)] for count in COUNTS}))


def bare(router: APIRouter) -> None:
    """Leave the router as FastAPI made it."""


def ours(router: APIRouter) -> None:
    """Give the router its index."""
    from fastnfurious.application.routing import index_routes

    index_routes(router)


def cost(count: int, prepare: Callable[[APIRouter], None]) -> float:
    """Return the µs from the router to the app of a route, over all routes in turn."""
    app = FastAPI()
    add_routes(app, count)
    prepare(app.router)
    _silence(app)
    return min(asyncio.run(_seconds(app.router, count)) for _ in range(REPEATS)) * 1e6


def _silence(app: FastAPI) -> None:
    """Put nothing in the place of every endpoint, so that only the way to it is left."""
    for route in app.router.routes:
        targets: Any = getattr(route, "effective_candidates", lambda route=route: [route])()
        for target in targets:
            target.app = _nothing


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer nothing."""


async def _seconds(router: APIRouter, count: int) -> float:
    receive: Any = None
    scopes = [
        {"type": "http", "method": "GET", "path": path.partition("?")[0], "headers": []}
        for path in islice(cycle(paths(count)), REQUESTS)
    ]
    started = time.process_time()
    for scope in scopes:
        await router(scope, receive, receive)
    return (time.process_time() - started) / REQUESTS


if __name__ == "__main__":
    main()
