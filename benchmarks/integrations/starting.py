"""The program that times a first use, with everything in the process.

``python -m benchmarks.integrations.starting nats`` prints the milliseconds from the first import to
the moment at which the integration has done something; ``nothing`` only opens the application.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from typing import Any

__all__ = ["USES", "main"]


async def use_nothing(app: Any) -> None:
    """Leave every integration alone."""


async def use_nats(app: Any) -> None:
    """Publish, and wait until the server has it."""
    await app.nats.publish("greetings", {"text": "hello"})
    await app.nats.flush()


async def use_s3(app: Any) -> None:
    """Keep an object, and get it back."""
    await app.s3.create_bucket("letters")
    await app.s3["letters"].put("first", b"hello")
    assert await app.s3["letters"].get("first") == b"hello"


async def use_oidc(app: Any) -> None:
    """Verify a token."""
    token = app.integrations.get("oidc").issuer.token("alice")
    assert (await app.oidc.verify(token)).sub


async def use_sql(app: Any) -> None:
    """Ask for a value."""
    assert await app.db.execute("SELECT 1 AS one").scalar() == 1


USES: dict[str, Callable[[Any], Awaitable[None]]] = {
    "nothing": use_nothing,
    "nats": use_nats,
    "s3": use_s3,
    "oidc": use_oidc,
    "sql": use_sql,
}


async def main(name: str, began: float) -> float:
    """Return the milliseconds until an integration has been used."""
    from fastnfurious import FastNFuriousAPI

    app = FastNFuriousAPI(title="Benchmark")
    async with app.router.lifespan_context(app):
        await USES[name](app)
        return (time.perf_counter() - began) * 1e3


if __name__ == "__main__":
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # the stand-ins keep their files below it
        print(asyncio.run(main(sys.argv[1], start)))
