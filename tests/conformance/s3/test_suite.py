"""The suite itself: a stand-in that breaks a promise does not pass it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha1
from typing import Any, BinaryIO

import pytest

from fastnfurious.s3.contract import Bucket
from fastnfurious.s3.embedded import storage as embedded
from fastnfurious.s3.embedded.index import ObjectIndex
from fastnfurious.s3.embedded.storage import EmbeddedStorage
from tests.conformance.s3.promises import PART_SIZE
from tests.conformance.s3.test_buckets import TestVersions as Versions
from tests.conformance.s3.test_objects import TestConditions as Conditions
from tests.conformance.s3.test_objects import TestListing as Listing
from tests.conformance.s3.test_objects import TestRanges as Ranges
from tests.conformance.s3.test_objects import TestWritingAndReading as WritingAndReading

Promise = Callable[[Bucket], Awaitable[None]]


def other_digest(file: BinaryIO, part: bytes) -> bytes:
    """Write a part, and take the wrong digest of it."""
    file.write(part)
    return sha1(part).digest()


def one_too_many(key: str, size: int, span: Any) -> tuple[int, int]:
    """Return a range as if its end were not part of it."""
    return max(0, size + span.offset if span.offset < 0 else span.offset), (span.length or 0) + 1


def unsorted(self: ObjectIndex, bucket: str, prefix: str, after: str, size: int) -> list[Any]:
    """Return a page in the order of letters, not of bytes."""
    return sorted(PAGE(self, bucket, prefix, after, size), key=lambda entry: entry.key.lower())


PAGE = ObjectIndex.page
BROKEN: dict[str, tuple[Any, str, Any, Promise]] = {
    "entity tags": (
        embedded,
        "_append",
        other_digest,
        lambda bucket: WritingAndReading().test_an_object_is_read_as_it_was_written(bucket, b"x"),
    ),
    "conditions": (
        ObjectIndex,
        "_check_terms",
        lambda *_: None,
        Conditions().test_the_first_writer_wins,
    ),
    "ranges": (
        embedded,
        "_bounds",
        one_too_many,
        lambda bucket: Ranges().test_a_range_is_read(bucket, 4, 2, b"45"),
    ),
    "order": (ObjectIndex, "page", unsorted, Listing().test_a_listing_is_sorted_by_bytes),
    "versions": (
        ObjectIndex,
        "_is_versioned",
        lambda *_: True,
        Versions().test_a_bucket_without_versions_has_none,
    ),
}


@pytest.fixture
async def bucket() -> AsyncIterator[Bucket]:
    """Return a bucket of the stand-in."""
    storage = EmbeddedStorage(part_size=PART_SIZE)
    await storage.create_bucket("models")
    yield storage["models"]
    storage.close()


@pytest.mark.parametrize("broken", BROKEN)
async def test_a_broken_promise_is_found(
    bucket: Bucket, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever changes the stand-in for the worse is told by the suite."""
    owner, name, wrong, promise = BROKEN[broken]
    await promise(bucket)
    async for each in bucket.versions():
        await bucket.delete(each.key, version=each.version)
    monkeypatch.setattr(owner, name, wrong)
    with pytest.raises((AssertionError, ValueError, pytest.fail.Exception)):
        await promise(bucket)
