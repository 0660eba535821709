"""A service that hands out presigned URLs: while it starts, and to whoever asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, WebSocket

from fastnfurious import FastNFuriousAPI


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Store an object, and sign its address before the first request."""
    await app.s3.create_bucket("models")
    await app.s3["models"].put("42.onnx", b"weights")
    print(f"told: {await sign()}", flush=True)
    yield


app = FastNFuriousAPI(title="Signing service", lifespan=lifespan, integrations=["s3"])


@app.get("/sign")
async def sign() -> str:
    """Return an address that leads to the object."""
    return await app.s3["models"].presigned_get("42.onnx")


@app.websocket("/sign")
async def sign_for_websocket(websocket: WebSocket) -> None:
    """Send the same over a websocket."""
    await websocket.accept()
    await websocket.send_text(await sign())
    await websocket.close()
