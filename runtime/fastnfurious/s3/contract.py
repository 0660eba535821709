"""What every store of objects keeps, on a server or in the process.

Both clients pass the same conformance suite. Whatever they share is written here once: names are
checked before anything happens, so that a mistake is the same error everywhere.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from types import TracebackType
from typing import Self

from fastnfurious.s3.body import Body
from fastnfurious.s3.errors import InvalidArgument, ObjectNotFound
from fastnfurious.s3.names import (
    check_bucket,
    check_expiry,
    check_key,
    check_metadata,
    check_tags,
)
from fastnfurious.s3.objects import ListedObject, ObjectStat, ObjectVersion, WrittenObject
from fastnfurious.s3.observer import Observer
from fastnfurious.s3.terms import ReadSpan, WriteTerms

__all__ = ["Bucket", "ObjectReader", "ObjectStorage"]

_CHUNK = 256 << 10


class ObjectReader(ABC):
    """Read an object piece by piece.

    Attributes:
        stat: The object.
        start: Position of the first byte that is read.
        length: How many bytes are read in all.
    """

    stat: ObjectStat
    start: int
    length: int

    @abstractmethod
    async def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, all that are left by default, none at the end.

        Raises:
            ResourceUnavailable: The connection was lost.
            OperationTimeout: The server has gone silent.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Give the connection back; safe to call twice."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Iterate over what is left in chunks of 256 KiB."""
        while chunk := await self.read(_CHUNK):
            yield chunk

    async def __aenter__(self) -> Self:
        """Read inside ``async with``."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the connection back."""
        await self.aclose()


class Bucket(ABC):
    """Use the objects of one bucket; ``app.s3["models"]`` gives one without asking the server.

    Every method raises `BucketNotFound` when there is no such bucket, `InvalidArgument` for a name
    that S3 does not know, `ResourceUnavailable` and `OperationTimeout` when the server is away or
    slow, and `AccessDenied` when the credentials do not suffice.

    Attributes:
        name: Name of the bucket.
    """

    def __init__(self, name: str, observer: Observer) -> None:
        self.name = check_bucket(name)
        self._observer = observer

    def _seen(self, operation: str, key: str) -> AbstractContextManager[None]:
        return self._observer.operation(operation, self.name, check_key(key))

    async def get(self, key: str, *, version: str | None = None) -> bytes:
        """Return the whole object.

        Raises:
            ObjectNotFound: No object has that key, or not in that version.
        """
        with self._seen("get", key):
            return await self._get(key, version)

    @asynccontextmanager
    async def open(
        self,
        key: str,
        *,
        offset: int = 0,
        length: int | None = None,
        version: str | None = None,
    ) -> AsyncIterator[ObjectReader]:
        """Read an object, or a range of it, piece by piece inside ``async with``.

        Args:
            key: Name of the object.
            offset: First byte; a negative one counts from the end.
            length: How many bytes; to the end by default.
            version: Which version; the latest by default.

        Raises:
            ObjectNotFound: No object has that key, or not in that version.
            RangeNotSatisfiable: The object ends before the range begins.
        """
        async with await self.reader(key, offset=offset, length=length, version=version) as reader:
            yield reader

    async def reader(
        self,
        key: str,
        *,
        offset: int = 0,
        length: int | None = None,
        version: str | None = None,
    ) -> ObjectReader:
        """Return what `open` gives, for the caller to close."""
        span = ReadSpan(offset, length)
        with self._seen("open", key):
            return await self._open(key, span, version)

    async def put(
        self,
        key: str,
        body: Body,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        if_match: str | None = None,
        if_none_match: bool = False,
    ) -> WrittenObject:
        """Write an object, all of it or nothing.

        Args:
            key: Name of the object.
            body: Bytes, a file, an upload, or an async iterable of bytes of any length; never more
                than a few parts of it are held in memory.
            content_type: Media type that readers get.
            metadata: Your own words about the object, plain ASCII.
            tags: Labels, up to 10.
            if_match: Write only over the object with this entity tag.
            if_none_match: Write only if no object has that key yet.

        Raises:
            PreconditionFailed: The object is not as it should be.
            ObjectNotFound: ``if_match`` was given and there is no object.
        """
        if not content_type.isascii() or not content_type.isprintable() or not content_type:
            raise InvalidArgument(f"{content_type!r} cannot be a media type")
        terms = WriteTerms(
            content_type,
            check_metadata(metadata),
            check_tags(tags),
            if_match.strip('"') if if_match is not None else None,
            if_none_match,
        )
        with self._seen("put", key):
            return await self._put(key, body, terms)

    async def delete(self, key: str, *, version: str | None = None) -> None:
        """Delete an object; it is no error if there is none.

        Where the bucket keeps versions, readers no longer find the object and its versions stay;
        a ``version`` that is named is gone for good.
        """
        with self._seen("delete", key):
            await self._delete(key, version)

    async def exists(self, key: str, *, version: str | None = None) -> bool:
        """Return whether there is an object of that key."""
        try:
            await self.stat(key, version=version)
        except ObjectNotFound:
            return False
        return True

    async def stat(self, key: str, *, version: str | None = None) -> ObjectStat:
        """Return what is known about an object, without its content.

        Raises:
            ObjectNotFound: No object has that key, or not in that version.
        """
        with self._seen("stat", key):
            return await self._stat(key, version)

    async def tags(self, key: str) -> dict[str, str]:
        """Return the tags of an object.

        Raises:
            ObjectNotFound: No object has that key.
        """
        with self._seen("tags", key):
            return await self._tags(key)

    async def copy(
        self, key: str, to: str, *, bucket: str | None = None, version: str | None = None
    ) -> WrittenObject:
        """Copy an object with its metadata and tags; its bytes do not pass through here.

        Args:
            key: Name of the object in this bucket.
            to: Name of the copy.
            bucket: Bucket of the copy; this one by default.
            version: Which version; the latest by default.

        Raises:
            ObjectNotFound: No object has that key, or not in that version.
        """
        target = self.name if bucket is None else check_bucket(bucket)
        if (target, to) == (self.name, key) and version is None:
            raise InvalidArgument(f"{key!r} cannot be copied onto itself: name another key")
        with self._seen("copy", key):
            return await self._copy(key, version, target, check_key(to))

    async def presigned_get(
        self, key: str, *, expires: float = 3600, version: str | None = None
    ) -> str:
        """Return a URL with which anybody can read the object for a while, past this service.

        Args:
            key: Name of the object, which need not exist yet.
            expires: Seconds for which the URL holds, up to 7 days.
            version: Which version; the latest by default.
        """
        return await self._presign("GET", check_key(key), check_expiry(expires), version)

    async def presigned_put(self, key: str, *, expires: float = 3600) -> str:
        """Return a URL to which anybody can ``PUT`` the object for a while, past this service.

        Args:
            key: Name of the object.
            expires: Seconds for which the URL holds, up to 7 days.
        """
        return await self._presign("PUT", check_key(key), check_expiry(expires), None)

    @abstractmethod
    def list(self, prefix: str = "", *, after: str | None = None) -> AsyncIterator[ListedObject]:
        """Iterate over the objects in the order of their keys' UTF-8 bytes.

        Args:
            prefix: What their keys begin with.
            after: Only keys behind this one.
        """

    @abstractmethod
    def versions(self, prefix: str = "") -> AsyncIterator[ObjectVersion]:
        """Iterate over all versions, in the order of their keys and newest first.

        Args:
            prefix: What their keys begin with.
        """

    async def _get(self, key: str, version: str | None) -> bytes:
        async with await self._open(key, ReadSpan(), version) as reader:
            return await reader.read()

    @abstractmethod
    async def _open(self, key: str, span: ReadSpan, version: str | None) -> ObjectReader: ...

    @abstractmethod
    async def _put(self, key: str, body: Body, terms: WriteTerms) -> WrittenObject: ...

    @abstractmethod
    async def _delete(self, key: str, version: str | None) -> None: ...

    @abstractmethod
    async def _stat(self, key: str, version: str | None) -> ObjectStat: ...

    @abstractmethod
    async def _tags(self, key: str) -> dict[str, str]: ...

    @abstractmethod
    async def _copy(self, key: str, version: str | None, bucket: str, to: str) -> WrittenObject: ...

    @abstractmethod
    async def _presign(self, method: str, key: str, expires: int, version: str | None) -> str: ...


class ObjectStorage(ABC):
    """Use the buckets of one store: what ``app.s3`` gives."""

    @abstractmethod
    def __getitem__(self, name: str) -> Bucket:
        """Return a bucket, whether it exists or not.

        Raises:
            InvalidArgument: No bucket can have that name.
        """

    @abstractmethod
    async def create_bucket(self, name: str, *, versioned: bool = False) -> None:
        """Create a bucket.

        Args:
            name: Its name.
            versioned: Whether it keeps what is overwritten or deleted.

        Raises:
            BucketExists: There is one of that name.
        """

    @abstractmethod
    async def bucket_exists(self, name: str) -> bool:
        """Return whether there is a bucket of that name."""

    @abstractmethod
    async def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket.

        Raises:
            BucketNotFound: There is none of that name.
            BucketNotEmpty: It holds objects, or versions of deleted ones.
        """

    @abstractmethod
    async def bucket_names(self) -> tuple[str, ...]:
        """Return the names of all buckets, sorted."""
