"""Objects: ``app.s3``, and minio-py in threads.

The peer runs in the threads of ``asyncio.to_thread`` with the connections that it opens by itself,
and also in as many threads, with as many connections, as ours has.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from io import BytesIO
from secrets import token_bytes, token_hex
from typing import Any
from urllib.parse import urlsplit

from minio import Minio
from urllib3 import PoolManager

from benchmarks.integrations.contest import Contest, at_once, one_by_one
from fastnfurious import FastNFuriousAPI

__all__ = ["contests"]

THREADS = 32
BY_ITSELF, LIKE_OURS = "minio-py", f"minio-py, {THREADS} threads"
AIM = 0.95
KIB, MIB = 1 << 10, 1 << 20

Piece = Callable[[], Awaitable[None]]


@asynccontextmanager
async def contests() -> AsyncIterator[list[Contest]]:
    """Put objects into a bucket on the server that ``S3_ENDPOINT`` names."""
    app, name = FastNFuriousAPI(title="Benchmark"), f"bench-{token_hex(4)}"
    async with app.router.lifespan_context(app):
        await app.s3.create_bucket(name)
        bucket = app.s3[name]
        try:
            with ThreadPoolExecutor(THREADS) as threads:
                yield [
                    *await _contests(bucket, threads, "4 KiB", 4 * KIB),
                    *await _contests(bucket, threads, "4 MiB", 4 * MIB),
                ]
        finally:
            async for each in bucket.list():
                await bucket.delete(each.key)
            await app.s3.delete_bucket(name)


async def _contests(
    bucket: Any, threads: ThreadPoolExecutor, size: str, length: int
) -> list[Contest]:
    data = token_bytes(length)
    await bucket.put(size, data)
    getting, putting = _getting(bucket, threads, size, data), _putting(bucket, threads, data)
    return [
        _contest(f"get {size}, one by one", getting),
        *[_contest(f"get {size}, {count} at once", getting, count) for count in (32, 200)],
        _contest(f"put {size}, one by one", putting),
        _contest(f"put {size}, 32 at once", putting, 32),
    ]


def _contest(what: str, pieces: Mapping[str, Piece], concurrency: int = 1) -> Contest:
    works = {
        name: one_by_one(piece) if concurrency == 1 else at_once(concurrency, piece)
        for name, piece in pieces.items()
    }
    aims = {name: AIM for name in works if name != "ours" and what.startswith("get")}
    return Contest(what, works, aims, batch=concurrency)


def _minio(**options: Any) -> Minio:
    address = urlsplit(os.environ["S3_ENDPOINT"])
    keys = os.environ["S3_ACCESS_KEY"], os.environ["S3_SECRET_KEY"]
    return Minio(address.netloc, *keys, secure=address.scheme == "https", **options)


def _getting(bucket: Any, threads: ThreadPoolExecutor, key: str, data: bytes) -> dict[str, Piece]:
    by_itself, like_ours = _minio(), _minio(http_client=PoolManager(maxsize=THREADS, block=True))

    def read(client: Minio) -> bytes:
        response = client.get_object(bucket.name, key)
        try:
            return response.read()
        finally:
            response.close()
            response.release_conn()

    async def ours() -> None:
        assert len(await bucket.get(key)) == len(data)

    async def peer() -> None:
        assert len(await asyncio.to_thread(read, by_itself)) == len(data)

    async def peer_like_ours() -> None:
        loop = asyncio.get_running_loop()
        assert len(await loop.run_in_executor(threads, read, like_ours)) == len(data)

    return {"ours": ours, BY_ITSELF: peer, LIKE_OURS: peer_like_ours}


def _putting(bucket: Any, threads: ThreadPoolExecutor, data: bytes) -> dict[str, Piece]:
    by_itself, like_ours = _minio(), _minio(http_client=PoolManager(maxsize=THREADS, block=True))

    def write(client: Minio) -> None:
        client.put_object(bucket.name, "written", BytesIO(data), len(data))

    async def ours() -> None:
        await bucket.put("written", data)

    async def peer() -> None:
        await asyncio.to_thread(write, by_itself)

    async def peer_like_ours() -> None:
        await asyncio.get_running_loop().run_in_executor(threads, write, like_ours)

    return {"ours": ours, BY_ITSELF: peer, LIKE_OURS: peer_like_ours}
