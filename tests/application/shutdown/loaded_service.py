"""The service that is stopped under load: small, slow, streaming and receiving requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import Request, WebSocket
from fastapi.responses import StreamingResponse

from fastnfurious import FastNFuriousAPI

app = FastNFuriousAPI(title="Loaded service")

CHUNKS = 10
CHUNK = b"0123456789" * 100


@app.get("/small")
async def small() -> dict[str, int]:
    """Answer at once."""
    return {"answer": 42}


@app.get("/slow")
async def slow(seconds: float = 0.2) -> dict[str, int]:
    """Answer after a while."""
    await asyncio.sleep(seconds)
    return {"answer": 42}


@app.get("/stream")
async def stream() -> StreamingResponse:
    """Answer bit by bit."""
    return StreamingResponse(_chunks())


@app.post("/length")
async def length(request: Request) -> dict[str, int]:
    """Answer how long the body is."""
    return {"length": len(await request.body())}


@app.post("/unread")
async def unread() -> dict[str, int]:
    """Answer without reading the body."""
    return {"answer": 42}


@app.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    """Send back what comes."""
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


async def _chunks() -> AsyncIterator[bytes]:
    for _ in range(CHUNKS):
        yield CHUNK
        await asyncio.sleep(0.01)
