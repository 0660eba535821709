"""The stand-in for an S3 server: buckets and objects under the same rules, in the process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from hashlib import md5
from pathlib import Path
from typing import BinaryIO, TypeVar
from uuid import uuid4

from fastnfurious.core.clock import Clock, SystemClock
from fastnfurious.s3.body import Body, parts_of
from fastnfurious.s3.connections import result_of
from fastnfurious.s3.contract import Bucket, ObjectReader, ObjectStorage
from fastnfurious.s3.embedded.blobs import Blobs, FolderBlobs, MemoryBlobs
from fastnfurious.s3.embedded.index import Entry, ObjectIndex
from fastnfurious.s3.embedded.signing import UrlSigner, signing_key
from fastnfurious.s3.errors import BucketNotFound, ObjectNotFound, RangeNotSatisfiable
from fastnfurious.s3.names import check_bucket
from fastnfurious.s3.objects import ListedObject, ObjectStat, ObjectVersion, WrittenObject
from fastnfurious.s3.observer import Observer
from fastnfurious.s3.terms import ReadSpan, WriteTerms

__all__ = ["EmbeddedBucket", "EmbeddedReader", "EmbeddedStorage"]

_T = TypeVar("_T")
_PAGE = 1000
_THREADS = 8


class EmbeddedStorage(ObjectStorage):
    """Keep buckets in a folder or in memory.

    Args:
        folder: Where; ``None`` keeps everything in memory.
        part_size: Bytes in a part, which a longer object's entity tag depends on.
        address: Where presigned URLs lead; by default to this service.
        clock: Tells the time.
        observer: Sees what is done.

    Example:
        >>> import asyncio
        >>> async def visit() -> bytes:
        ...     storage = EmbeddedStorage()
        ...     await storage.create_bucket("models")
        ...     await storage["models"].put("42.onnx", b"weights")
        ...     return await storage["models"].get("42.onnx")
        >>> asyncio.run(visit())
        b'weights'
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        part_size: int = 8 << 20,
        address: str | None = None,
        clock: Clock | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.folder = folder
        self.observer = observer or Observer()
        self.part_size = part_size
        self.clock = clock or SystemClock()
        self.index = ObjectIndex(None if folder is None else folder / "index.sqlite")
        self.blobs: Blobs = MemoryBlobs() if folder is None else FolderBlobs(folder / "blobs")
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="s3-embedded")
        self.signer = UrlSigner(signing_key(folder), address, self.clock)

    def close(self) -> None:
        """Release the files."""
        self._threads.shutdown()
        self.index.close()

    async def run(
        self, function: Callable[[], _T], discard: Callable[[_T], None] | None = None
    ) -> _T:
        """Call a function that waits for the disk, in a thread; one that does not, here.

        Args:
            function: What to call.
            discard: What to do with its result if nobody waits for it any more.
        """
        if self.folder is None:
            return function()
        return await result_of(self._threads.submit(function), discard)

    def __getitem__(self, name: str) -> EmbeddedBucket:
        """Return a bucket, whether it exists or not."""
        return EmbeddedBucket(self, name)

    async def create_bucket(self, name: str, *, versioned: bool = False) -> None:
        """Create a bucket."""
        await self.run(partial(self.index.create_bucket, check_bucket(name), versioned))

    async def bucket_exists(self, name: str) -> bool:
        """Return whether there is a bucket of that name."""
        return check_bucket(name) in await self.bucket_names()

    async def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket."""
        await self.run(partial(self.index.delete_bucket, check_bucket(name)))

    async def bucket_names(self) -> tuple[str, ...]:
        """Return the names of all buckets, sorted."""
        return await self.run(self.index.bucket_names)


class EmbeddedBucket(Bucket):
    """Use the objects of one bucket in the process.

    Args:
        storage: What keeps it.
        name: Its name.
    """

    def __init__(self, storage: EmbeddedStorage, name: str) -> None:
        super().__init__(name, storage.observer)
        self._storage = storage
        self._index = storage.index

    async def list(
        self, prefix: str = "", *, after: str | None = None
    ) -> AsyncIterator[ListedObject]:
        """Iterate over the objects in the order of their keys."""
        last, more = after or "", True
        while more:
            page = await self._run(partial(self._index.page, self.name, prefix, last, _PAGE))
            for entry in page:
                yield ListedObject(entry.key, entry.size, entry.etag, entry.modified)
                last = entry.key
            more = len(page) == _PAGE

    async def versions(self, prefix: str = "") -> AsyncIterator[ObjectVersion]:
        """Iterate over all versions, newest first for each key."""
        before: str | None = None
        for entry in await self._run(partial(self._index.versions, self.name, prefix)):
            yield ObjectVersion(
                entry.key,
                entry.size,
                entry.etag,
                entry.modified,
                version=entry.version,
                is_latest=entry.key != before,
                is_deletion=entry.blob is None,
            )
            before = entry.key

    async def _open(self, key: str, span: ReadSpan, version: str | None) -> EmbeddedReader:
        found = partial(self._find_and_open, key, version)
        entry, file = await self._storage.run(found, lambda opened: opened[1].close())
        try:
            start, length = _bounds(key, entry.size, span)
            file.seek(start)
            return EmbeddedReader(self._storage, file, _stat(entry), start, length)
        except BaseException:
            file.close()
            raise

    def _find_and_open(self, key: str, version: str | None) -> tuple[Entry, BinaryIO]:
        while True:
            entry = self._index.find(self.name, key, version)
            try:
                return entry, self._storage.blobs.open(entry.blob or "")
            except FileNotFoundError:
                # Replaced or deleted in between; the index knows better now, unless the file is
                # gone for another reason.
                if self._index.find(self.name, key, version).blob == entry.blob:
                    raise

    async def _put(self, key: str, body: Body, terms: WriteTerms) -> WrittenObject:
        await self._run(partial(self._index.require_bucket, self.name))
        blobs = self._storage.blobs
        blob, file = await self._storage.run(blobs.create, partial(_give_up, blobs))
        try:
            size, etag = await self._write(file, body)
        except BaseException:
            _give_up(blobs, (blob, file))
            raise
        entry = Entry(key, None, blob, size, etag, self._storage.clock.now(), terms)
        version = await self._run(partial(self._commit, entry, file))
        return WrittenObject(key, etag, version)

    async def _write(self, file: BinaryIO, body: Body) -> tuple[int, str]:
        """Write the parts, and return the size and the entity tag, as a server makes it."""
        digests: list[bytes] = []
        size = 0
        async with aclosing(parts_of(body, self._storage.part_size)) as parts:
            async for part in parts:
                digests.append(await self._run(partial(_append, file, part)))
                size += len(part)
        if len(digests) == 1:
            return size, digests[0].hex()
        return size, f"{md5(b''.join(digests), usedforsecurity=False).hexdigest()}-{len(digests)}"

    def _commit(self, entry: Entry, file: BinaryIO) -> str | None:
        """Name the blob in the index; all in one thread, so that no cancellation comes between."""
        blobs, blob = self._storage.blobs, entry.blob or ""
        try:
            blobs.finish(blob, file)
            version, freed = self._index.add(self.name, entry, uuid4().hex)
        except BaseException:
            _give_up(blobs, (blob, file))
            raise
        for old in freed:
            blobs.delete(old)
        return version

    async def _delete(self, key: str, version: str | None) -> None:
        marker = Entry(key, uuid4().hex, None, 0, "", self._storage.clock.now(), WriteTerms())
        await self._run(partial(self._remove, key, version, marker))

    def _remove(self, key: str, version: str | None, marker: Entry) -> None:
        for blob in self._index.delete(self.name, key, version, marker):
            self._storage.blobs.delete(blob)

    async def _stat(self, key: str, version: str | None) -> ObjectStat:
        try:
            return _stat(await self._run(partial(self._index.find, self.name, key, version)))
        except BucketNotFound as error:
            # A server answers HEAD without a body, which leaves no room to tell the two apart.
            raise ObjectNotFound(
                f"There is no object {key!r} in the bucket {self.name!r}"
            ) from error

    async def _tags(self, key: str) -> dict[str, str]:
        entry = await self._run(partial(self._index.find, self.name, key, None))
        return dict(entry.terms.tags)

    async def _copy(self, key: str, version: str | None, bucket: str, to: str) -> WrittenObject:
        return await self._run(partial(self._copy_now, key, version, bucket, to))

    def _copy_now(self, key: str, version: str | None, bucket: str, to: str) -> WrittenObject:
        entry, source = self._find_and_open(key, version)
        blob, file = self._storage.blobs.create()
        with source:
            while chunk := source.read(1 << 20):
                file.write(chunk)
        copy = replace(entry, key=to, blob=blob, modified=self._storage.clock.now())
        new_version = self._storage[bucket]._commit(copy, file)
        return WrittenObject(to, entry.etag, new_version)

    async def _presign(self, method: str, key: str, expires: int, version: str | None) -> str:
        return self._storage.signer.url(method, self.name, key, version, expires)

    async def _run(self, function: Callable[[], _T]) -> _T:
        return await self._storage.run(function)


class EmbeddedReader(ObjectReader):
    """Read an object of the stand-in.

    Args:
        storage: What keeps it.
        file: Its bytes, at the first to read.
        stat: What is known about it.
        start: Position of that byte.
        length: How many bytes to read.
    """

    def __init__(
        self, storage: EmbeddedStorage, file: BinaryIO, stat: ObjectStat, start: int, length: int
    ) -> None:
        self.stat = stat
        self.start = start
        self.length = length
        self._storage = storage
        self._file = file
        self._left = length

    async def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, all that are left by default, none at the end."""
        wanted = self._left if size < 0 else min(size, self._left)
        if not wanted:
            return b""
        data = await self._storage.run(partial(self._file.read, wanted))
        self._left -= len(data)
        return data

    async def aclose(self) -> None:
        """Close the file."""
        self._file.close()


def _give_up(blobs: Blobs, created: tuple[str, BinaryIO]) -> None:
    blob, file = created
    file.close()
    blobs.delete(blob)


def _append(file: BinaryIO, part: bytes) -> bytes:
    file.write(part)
    return md5(part, usedforsecurity=False).digest()


def _bounds(key: str, size: int, span: ReadSpan) -> tuple[int, int]:
    """Return where a range starts in an object of that size, and how long it is."""
    if span.is_whole:
        return 0, size
    start = max(0, size + span.offset) if span.offset < 0 else span.offset
    if start >= size:
        raise RangeNotSatisfiable(f"{key!r} has {size} bytes, none from byte {start} on")
    left = size - start
    return start, left if span.length is None else min(span.length, left)


def _stat(entry: Entry) -> ObjectStat:
    return ObjectStat(
        entry.key,
        entry.size,
        entry.etag,
        entry.modified.replace(microsecond=0),
        content_type=entry.terms.content_type,
        metadata=entry.terms.metadata,
        version=entry.version,
    )
