"""Every store under load: many at once, objects larger than memory should hold, users who leave."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fastnfurious.s3.contract import Bucket
from servers.plugin import Backing
from tests.architecture.sources import ROOT
from tests.conformance.s3.promises import PART_SIZE
from tests.conformance.s3.streaming import Streamed

CHUNK = bytes(1 << 20)


async def zeros(size: int) -> AsyncIterator[bytes]:
    """Yield that many bytes."""
    for _ in range(size // len(CHUNK)):
        yield CHUNK


@pytest.mark.slow
@pytest.mark.parametrize("store", ["folder", "minio"])
async def test_memory_stays_flat(store: str, tmp_path: Path, backing: Backing) -> None:
    """A large object is written and read with a few parts of it in memory, whatever its length."""
    backing("s3", "embedded" if store == "folder" else store)
    place = ["--folder", str(tmp_path)] if store == "folder" else ["--server", store]
    program = [sys.executable, "-m", "tests.conformance.s3.streaming", "--mebibytes", "256"]
    done = await asyncio.create_subprocess_exec(
        *program, *place, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await done.communicate()
    streamed = Streamed(**json.loads(output))
    assert (streamed.size, streamed.intact) == (256 << 20, True)
    assert streamed.peak - streamed.before < 8 * PART_SIZE


async def test_many_readers_wait_for_each_other(
    bucket: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    """More readers than connections all get their object, without a warning of the pool."""
    await bucket.put("a", b"x" * 100_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = await asyncio.gather(*(bucket.get("a") for _ in range(200)))
    assert {len(each) for each in read} == {100_000}
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


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
