"""Buckets of every store, and the versions that they keep."""

from __future__ import annotations

from uuid import uuid4

import pytest

from fastnfurious.s3.contract import Bucket, ObjectStorage
from fastnfurious.s3.errors import (
    BucketExists,
    BucketNotEmpty,
    BucketNotFound,
    InvalidArgument,
    ObjectNotFound,
)
from tests.conformance.s3.promises import etag_of, keys


async def test_a_bucket_is_created_and_deleted(storage: ObjectStorage) -> None:
    """Each step is seen at once."""
    name = f"test-{uuid4().hex}"
    assert not await storage.bucket_exists(name)
    await storage.create_bucket(name)
    assert await storage.bucket_exists(name)
    assert name in await storage.bucket_names()
    with pytest.raises(BucketExists, match=name):
        await storage.create_bucket(name)
    await storage.delete_bucket(name)
    assert not await storage.bucket_exists(name)
    with pytest.raises(BucketNotFound, match=name):
        await storage.delete_bucket(name)


async def test_a_bucket_with_objects_stays(storage: ObjectStorage, bucket: Bucket) -> None:
    """Nothing is lost by deleting the wrong one."""
    await bucket.put("a", b"x")
    with pytest.raises(BucketNotEmpty, match=bucket.name):
        await storage.delete_bucket(bucket.name)
    assert await bucket.get("a") == b"x"


@pytest.mark.parametrize(
    "name", ["", "ab", "Models", "a_b", "-ab", "ab-", "a..b", "a.-b", "127.0.0.1", "a" * 64, "a/b"]
)
async def test_a_name_that_no_bucket_can_have_is_refused(storage: ObjectStorage, name: str) -> None:
    """Also where a server would take it."""
    with pytest.raises(InvalidArgument, match="cannot name a bucket"):
        storage[name]
    with pytest.raises(InvalidArgument, match="cannot name a bucket"):
        await storage.create_bucket(name)


class TestVersions:
    """A bucket that keeps what is overwritten or deleted."""

    async def test_every_version_can_be_read(self, versioned: Bucket) -> None:
        """The latest by default, each by its identifier."""
        first = await versioned.put("a", b"1")
        second = await versioned.put("a", b"22")
        assert first.version and second.version and first.version != second.version
        assert await versioned.get("a") == b"22"
        assert await versioned.get("a", version=first.version) == b"1"
        assert (await versioned.stat("a")).version == second.version
        assert (await versioned.stat("a", version=first.version)).size == 1
        async with versioned.open("a", version=first.version) as reader:
            assert await reader.read() == b"1"

    async def test_versions_are_listed_newest_first(self, versioned: Bucket) -> None:
        """Key by key; only the newest one is the latest."""
        await versioned.put("b", b"x")
        first = await versioned.put("a", b"1")
        second = await versioned.put("a", b"22")
        listed = [each async for each in versioned.versions()]
        assert [each.key for each in listed] == ["a", "a", "b"]
        assert [each.version for each in listed[:2]] == [second.version, first.version]
        assert [each.is_latest for each in listed] == [True, False, True]
        assert [each.etag for each in listed[:2]] == [etag_of(b"22"), etag_of(b"1")]
        assert [each.key async for each in versioned.versions("b")] == ["b"]
        assert await keys(versioned) == ["a", "b"]

    async def test_a_deletion_can_be_undone(self, versioned: Bucket) -> None:
        """Readers find nothing while a marker hides the object; without it they do again."""
        first = await versioned.put("a", b"1")
        await versioned.delete("a")
        assert not await versioned.exists("a")
        assert await keys(versioned) == []
        assert await versioned.get("a", version=first.version) == b"1"
        marker, version = [each async for each in versioned.versions()]
        assert (marker.is_deletion, marker.is_latest) == (True, True)
        assert (version.is_deletion, version.is_latest) == (False, False)
        await versioned.delete("a", version=marker.version)
        assert await versioned.get("a") == b"1"

    async def test_a_version_that_is_deleted_is_gone(self, versioned: Bucket) -> None:
        """The one before it is the latest again."""
        await versioned.put("a", b"1")
        second = await versioned.put("a", b"2")
        await versioned.delete("a", version=second.version)
        assert await versioned.get("a") == b"1"
        with pytest.raises(ObjectNotFound):
            await versioned.get("a", version=second.version)

    async def test_an_old_version_is_copied(self, versioned: Bucket) -> None:
        """That is how it becomes the latest again."""
        first = await versioned.put("a", b"1")
        await versioned.put("a", b"2")
        await versioned.copy("a", "a", version=first.version)
        assert await versioned.get("a") == b"1"

    async def test_writing_over_a_deletion_counts_as_new(self, versioned: Bucket) -> None:
        """A deleted object does not stand in the way of one that must be the first."""
        await versioned.put("a", b"1")
        await versioned.delete("a")
        await versioned.put("a", b"2", if_none_match=True)
        assert await versioned.get("a") == b"2"

    async def test_a_bucket_without_versions_has_none(self, bucket: Bucket) -> None:
        """Its objects are listed once, without an identifier."""
        await bucket.put("a", b"1")
        await bucket.put("a", b"2")
        (listed,) = [each async for each in bucket.versions()]
        assert (listed.version, listed.is_latest, listed.size) == (None, True, 1)
