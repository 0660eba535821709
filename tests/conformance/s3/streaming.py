"""Stream an object through a store, and tell how much memory that took.

    python -m tests.conformance.s3.streaming --mebibytes 5120 --folder /tmp/objects
    python -m tests.conformance.s3.streaming --mebibytes 5120 --server minio

It is a program of its own, because a process never gives back the peak of its memory.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from uuid import uuid4

from fastnfurious.s3.client import S3Client
from fastnfurious.s3.contract import Bucket
from fastnfurious.s3.embedded.storage import EmbeddedStorage
from servers import find
from tests.conformance.s3.promises import PART_SIZE, remote_settings

__all__ = ["Streamed"]

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Streamed:
    """Tell what streaming an object took.

    Attributes:
        size: Bytes that were read back.
        intact: Whether they are those that were written.
        before: Most memory that the process had held before, in bytes.
        peak: Most memory that it held in the end, in bytes.
        seconds: How long writing and reading took.
    """

    size: int
    intact: bool
    before: int
    peak: int
    seconds: float


async def chunks(count: int, digest: object) -> AsyncIterator[bytes]:
    """Yield that many different mebibytes."""
    block = bytes(range(256)) * (MEBIBYTE // 256)
    for number in range(count):
        chunk = number.to_bytes(8) + block[8:]
        digest.update(chunk)  # type: ignore[attr-defined]
        yield chunk


async def stream(bucket: Bucket, count: int) -> Streamed:
    """Write an object of so many mebibytes, and read it back."""
    await bucket.put("small", b"x" * (2 * PART_SIZE))
    await bucket.get("small")
    before, begun = _peak(), perf_counter()
    written, read, size = sha256(), sha256(), 0
    await bucket.put("large", chunks(count, written))
    async with bucket.open("large") as reader:
        async for chunk in reader:
            read.update(chunk)
            size += len(chunk)
    intact = written.digest() == read.digest()
    return Streamed(size, intact, before, _peak(), perf_counter() - begun)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def _main(options: argparse.Namespace) -> Streamed:
    storage: S3Client | EmbeddedStorage
    if options.server:
        endpoint = find(options.server)
        assert endpoint is not None, f"{options.server} is not running"
        storage = S3Client(remote_settings(endpoint.settings))
    else:
        storage = EmbeddedStorage(options.folder, part_size=PART_SIZE)
    name = f"test-{uuid4().hex}"
    await storage.create_bucket(name)
    try:
        return await stream(storage[name], options.mebibytes)
    finally:
        for key in ("small", "large"):
            await storage[name].delete(key)
        await storage.delete_bucket(name)
        if isinstance(storage, S3Client):
            await storage.aclose()
        else:
            storage.close()


def main() -> None:
    """Stream as the command line says, and print what it took as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mebibytes", type=int, required=True)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--server")
    options = parser.parse_args()
    print(json.dumps(asdict(asyncio.run(_main(options)))))


if __name__ == "__main__":
    main()
