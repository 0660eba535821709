"""Every store under load: many at once, objects larger than memory should hold, users who leave."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
import warnings
from collections.abc import AsyncIterator

import pytest

from fastnfurious.s3.contract import Bucket, ObjectStorage
from fastnfurious.s3.embedded.storage import EmbeddedStorage
from tests.conformance.s3.promises import PART_SIZE

LARGE = 256 << 20
CHUNK = bytes(1 << 20)


async def zeros(size: int) -> AsyncIterator[bytes]:
    """Yield that many bytes."""
    for _ in range(size // len(CHUNK)):
        yield CHUNK


@pytest.mark.slow
async def test_memory_stays_flat(bucket: Bucket, storage: ObjectStorage) -> None:
    """A large object is written and read with a few parts of it in memory."""
    if isinstance(storage, EmbeddedStorage) and storage.folder is None:
        pytest.skip("what is kept in memory takes memory")
    tracemalloc.start()
    try:
        await bucket.put("large", zeros(LARGE))
        async with bucket.open("large") as reader:
            read = sum([len(chunk) async for chunk in reader])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert read == LARGE
    assert peak < 8 * PART_SIZE


async def test_many_readers_wait_for_each_other(bucket: Bucket) -> None:
    """More readers than connections all get their object, without a warning."""
    await bucket.put("a", b"x" * 100_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = await asyncio.gather(*(bucket.get("a") for _ in range(200)))
    assert {len(each) for each in read} == {100_000}


async def test_readers_that_leave_early_lose_nothing(bucket: Bucket) -> None:
    """More are left half-read than there are connections; the store still answers."""
    await bucket.put("a", bytes(PART_SIZE))
    for _ in range(70):
        async with bucket.open("a") as reader:
            assert len(await reader.read(10)) == 10
    assert await bucket.exists("a")


async def test_cancelled_calls_lose_nothing(bucket: Bucket) -> None:
    """Whatever moment a caller leaves at, the store still answers the next one."""
    await bucket.put("a", bytes(PART_SIZE))
    for delay in range(60):
        calls = [bucket.get("a"), bucket.put("b", zeros(2 * PART_SIZE)), bucket.stat("a")]
        tasks = [asyncio.ensure_future(call) for call in calls]
        await asyncio.sleep(delay / 5000)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    async with asyncio.timeout(20):
        assert await bucket.get("a") == bytes(PART_SIZE)
    gc.collect()  # a file or socket that was forgotten is reported here, not in a later test
