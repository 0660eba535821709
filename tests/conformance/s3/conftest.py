"""The stores that the contract is held against: the stand-in, twice, and a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from fastnfurious.s3.client import S3Client
from fastnfurious.s3.contract import Bucket, ObjectStorage
from fastnfurious.s3.embedded.storage import EmbeddedStorage
from servers.plugin import Backing
from tests.conformance.s3.promises import PART_SIZE, remote_settings

STORES = ["memory", "folder", "minio"]


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as an application does."""
    return "asyncio"


@pytest.fixture(params=STORES)
async def storage(
    request: pytest.FixtureRequest, tmp_path: Path, backing: Backing
) -> AsyncIterator[ObjectStorage]:
    """Return one store after the other."""
    if request.param == "minio":
        endpoint = backing("s3", request.param)
        assert endpoint is not None
        client = S3Client(remote_settings(endpoint.settings))
        yield client
        async with asyncio.timeout(20):
            while client.connections.in_use:
                await asyncio.sleep(0.01)
        await client.aclose()
        return
    backing("s3")
    folder = tmp_path / "s3" if request.param == "folder" else None
    embedded = EmbeddedStorage(folder, part_size=PART_SIZE)
    yield embedded
    embedded.close()


async def _emptied(storage: ObjectStorage, name: str) -> None:
    async for each in storage[name].versions():
        await storage[name].delete(each.key, version=each.version)
    await storage.delete_bucket(name)


@pytest.fixture
async def bucket(storage: ObjectStorage) -> AsyncIterator[Bucket]:
    """Return an empty bucket of the store."""
    name = f"test-{uuid4().hex}"
    await storage.create_bucket(name)
    yield storage[name]
    await _emptied(storage, name)


@pytest.fixture
async def versioned(storage: ObjectStorage) -> AsyncIterator[Bucket]:
    """Return an empty bucket that keeps versions."""
    name = f"test-{uuid4().hex}"
    await storage.create_bucket(name, versioned=True)
    yield storage[name]
    await _emptied(storage, name)
