"""S3 on a server, through minio-py."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import aclosing, suppress
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit
from xml.etree import ElementTree

from minio import Minio
from minio.commonconfig import ENABLED, CopySource
from minio.datatypes import Object
from minio.error import S3Error
from minio.versioningconfig import VersioningConfig
from pydantic import SecretStr
from urllib3 import BaseHTTPResponse

from fastnfurious.core.errors import FastNFuriousError
from fastnfurious.s3.body import Body, parts_of
from fastnfurious.s3.connections import Connections, Lease
from fastnfurious.s3.contract import Bucket, ObjectReader, ObjectStorage
from fastnfurious.s3.driver import (
    age_of,
    close_response,
    condition_headers,
    first_byte,
    known_of,
    object_headers,
    our_errors,
    parts_document,
    pool_of,
    stat_of,
)
from fastnfurious.s3.names import check_bucket
from fastnfurious.s3.objects import ListedObject, ObjectStat, ObjectVersion, WrittenObject
from fastnfurious.s3.observer import Observer
from fastnfurious.s3.settings import S3Settings
from fastnfurious.s3.terms import ReadSpan, WriteTerms

__all__ = ["RemoteBucket", "RemoteReader", "S3Client"]

_T = TypeVar("_T")
_PAGE = 1000
_Etags = list[str]
"""Inside a bucket, ``list`` is the listing."""


class S3Client(ObjectStorage):
    """Use the buckets of a server.

    Args:
        settings: Where the server is, and how patient to be.
        observer: Sees what is done.
    """

    def __init__(self, settings: S3Settings, observer: Observer | None = None) -> None:
        self.settings = settings
        self.observer = observer or Observer()
        self.connections = Connections(
            settings.connections, settings.timeout_seconds, self.observer.connections
        )
        self._pool = pool_of(settings)
        self.driver = self._driver(settings.endpoint or "")
        # With the region known, signing a URL asks nobody.
        self.presigner = self._driver(settings.public_url or settings.endpoint or "")
        self._ending: set[asyncio.Task[None]] = set()

    def _driver(self, url: str) -> Minio:
        settings, parts = self.settings, urlsplit(url)
        return Minio(
            parts.netloc,
            access_key=settings.access_key,
            secret_key=_secret(settings.secret_key),
            session_token=_secret(settings.session_token),
            secure=parts.scheme == "https",
            region=settings.region,
            http_client=self._pool,
        )

    def __getitem__(self, name: str) -> RemoteBucket:
        """Return a bucket, whether it exists or not."""
        return RemoteBucket(self, name)

    async def create_bucket(self, name: str, *, versioned: bool = False) -> None:
        """Create a bucket."""
        with our_errors(check_bucket(name)):
            await self.call(partial(self.driver.make_bucket, name))
            if versioned:
                config = VersioningConfig(ENABLED)
                await self.call(partial(self.driver.set_bucket_versioning, name, config))

    async def bucket_exists(self, name: str) -> bool:
        """Return whether there is a bucket of that name."""
        with our_errors(check_bucket(name)):
            return await self.call(partial(self.driver.bucket_exists, name))

    async def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket."""
        with our_errors(check_bucket(name)):
            await self.call(partial(self.driver.remove_bucket, name))

    async def bucket_names(self) -> tuple[str, ...]:
        """Return the names of all buckets, sorted."""
        with our_errors(""):
            buckets = await self.call(self.driver.list_buckets)
        return tuple(sorted(bucket.name for bucket in buckets))

    async def call(self, function: Callable[[], _T]) -> _T:
        """Call the driver in a thread, with a connection of its own."""
        # As `lent` does it, without the generator.
        lease = await self.connections.take()
        try:
            return await lease.run(function)
        finally:
            lease.give_back()

    def finish(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something to the end although its caller has been cancelled."""
        task = asyncio.get_running_loop().create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def aclose(self) -> None:
        """Finish what was begun, and close every connection; safe to call twice."""
        await asyncio.gather(*self._ending, return_exceptions=True)
        self.connections.close()
        self._pool.clear()


class RemoteBucket(Bucket):
    """Use the objects of one bucket on a server.

    Args:
        client: What talks to the server.
        name: Name of the bucket.
    """

    def __init__(self, client: S3Client, name: str) -> None:
        super().__init__(name, client.observer)
        self._client = client
        self._driver = client.driver

    async def list(
        self, prefix: str = "", *, after: str | None = None
    ) -> AsyncIterator[ListedObject]:
        """Iterate over the objects in the order of their keys."""
        found = self._driver.list_objects(self.name, prefix, recursive=True, start_after=after)
        async for page in self._pages(found):
            for each in page:
                yield ListedObject(*known_of(each))

    async def versions(self, prefix: str = "") -> AsyncIterator[ObjectVersion]:
        """Iterate over all versions, newest first for each key."""
        found = self._driver.list_objects(self.name, prefix, recursive=True, include_version=True)
        async for page in self._pages(found):
            # The driver gives the marks of deletions of a page behind its versions.
            for each in sorted(page, key=age_of):
                version = None if each.version_id == "null" else each.version_id
                yield ObjectVersion(
                    *known_of(each),
                    version=version,
                    is_latest=each.is_latest == "true",
                    is_deletion=each.is_delete_marker,
                )

    async def _pages(self, found: Iterator[Object]) -> AsyncIterator[tuple[Object, ...]]:
        with our_errors(self.name):
            while page := await self._client.call(lambda: tuple(islice(found, _PAGE))):
                yield page

    async def _get(self, key: str, version: str | None) -> bytes:
        with our_errors(self.name, key):
            return await self._client.call(partial(self._read, key, version))

    def _read(self, key: str, version: str | None) -> bytes:
        """Return a whole object: one way to the thread and back, not one for each step."""
        response = self._driver.get_object(self.name, key, version_id=version)
        try:
            return response.read(decode_content=False)
        finally:
            close_response(response)

    async def _open(self, key: str, span: ReadSpan, version: str | None) -> RemoteReader:
        headers: dict[str, Any] = {} if span.is_whole else {"Range": span.header}
        function = partial(
            self._driver.get_object, self.name, key, request_headers=headers, version_id=version
        )
        lease = await self._client.connections.take()
        try:
            with our_errors(self.name, key):
                response = await lease.run(function, close_response)
        except BaseException:
            lease.give_back()
            raise
        return RemoteReader(self.name, key, lease, response)

    async def _put(self, key: str, body: Body, terms: WriteTerms) -> WrittenObject:
        async with aclosing(parts_of(body, self._client.settings.part_size)) as parts:
            held = [await anext(parts)]
            async for part in parts:
                held.append(part)
                # A name that still refers to it would keep it in memory to the end.
                del part
                return await self._put_parts(key, terms, _chain(held, parts))
        headers = {**object_headers(terms), **condition_headers(terms)}
        put = partial(self._driver._put_object, self.name, key, held.pop(), headers)
        with our_errors(self.name, key):
            written = await self._client.call(put)
        return WrittenObject(key, written.etag or "", written.version_id)

    async def _put_parts(
        self, key: str, terms: WriteTerms, parts: AsyncIterator[bytes]
    ) -> WrittenObject:
        """Send parts one by one, so that one of them is in memory at a time."""
        # The driver's own upload takes no conditions and reads its body from a thread.
        driver, call = self._driver, self._client.call
        where = (self.name, key)
        with our_errors(*where):
            create = partial(driver._create_multipart_upload, *where, object_headers(terms))
            upload = await call(create)
        try:
            etags: _Etags = []
            async for part in parts:
                with our_errors(*where):
                    send = partial(driver._upload_part, *where, part, None, upload, len(etags) + 1)
                    etags.append(await call(send))
            with our_errors(*where):
                return await call(partial(self._complete, key, upload, etags, terms))
        except BaseException:
            self._client.finish(self._abort(key, upload))
            raise

    def _complete(self, key: str, upload: str, etags: _Etags, terms: WriteTerms) -> WrittenObject:
        response = self._driver._execute(
            "POST",
            self.name,
            key,
            body=parts_document(etags),
            headers={"Content-Type": "application/xml", **condition_headers(terms)},
            query_params={"uploadId": upload},
        )
        document = ElementTree.fromstring(response.data)
        # Putting parts together can fail after the status was sent.
        if document.tag.endswith("Error"):
            raise S3Error.fromxml(response)
        etag = next(each.text or "" for each in document if each.tag.endswith("ETag"))
        return WrittenObject(key, etag.strip('"'), response.headers.get("x-amz-version-id"))

    async def _abort(self, key: str, upload: str) -> None:
        # A server that cannot be reached forgets the parts after some days.
        with suppress(FastNFuriousError), our_errors(self.name, key):
            abort = partial(self._driver._abort_multipart_upload, self.name, key, upload)
            await self._client.call(abort)

    async def _delete(self, key: str, version: str | None) -> None:
        with our_errors(self.name, key):
            await self._client.call(partial(self._driver.remove_object, self.name, key, version))

    async def _stat(self, key: str, version: str | None) -> ObjectStat:
        function = partial(self._driver.stat_object, self.name, key, version_id=version)
        with our_errors(self.name, key):
            found = await self._client.call(function)
        return stat_of(key, cast("Mapping[str, str]", found.metadata))

    async def _tags(self, key: str) -> dict[str, str]:
        with our_errors(self.name, key):
            tags = await self._client.call(partial(self._driver.get_object_tags, self.name, key))
        return dict(tags or {})

    async def _copy(self, key: str, version: str | None, bucket: str, to: str) -> WrittenObject:
        source = CopySource(self.name, key, version_id=version)
        with our_errors(bucket, key):
            written = await self._client.call(partial(self._driver.copy_object, bucket, to, source))
        return WrittenObject(to, written.etag or "", written.version_id)

    async def _presign(self, method: str, key: str, expires: int, version: str | None) -> str:
        return self._client.presigner.get_presigned_url(
            method, self.name, key, timedelta(seconds=expires), version_id=version
        )


class RemoteReader(ObjectReader):
    """Read an object from a server; the connection is the reader's until it is closed.

    Args:
        bucket: Name of the bucket.
        key: Name of the object.
        lease: The connection.
        response: The server's answer, unread.
    """

    def __init__(self, bucket: str, key: str, lease: Lease, response: BaseHTTPResponse) -> None:
        self.stat = stat_of(key, response.headers)
        self.start = first_byte(response.headers)
        self.length = int(response.headers.get("content-length", 0))
        self._bucket = bucket
        self._lease = lease
        self._response = response

    async def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, all that are left by default, none at the end."""
        if size == 0:
            return b""
        wanted = None if size < 0 else size
        # The object's bytes as they are, also when it says that they are compressed.
        function = partial(self._response.read, wanted, decode_content=False)
        with our_errors(self._bucket, self.stat.key):
            return await self._lease.run(function)

    async def aclose(self) -> None:
        """Give the connection back."""
        self._lease.give_back(partial(close_response, self._response))


async def _chain(held: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    while held:
        yield held.pop(0)
    async for part in rest:
        yield part


def _secret(value: SecretStr | None) -> str | None:
    return None if value is None else value.get_secret_value()
