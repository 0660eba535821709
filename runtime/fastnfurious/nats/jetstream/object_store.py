"""An object store in a stream: contents of any size, in pieces, with a digest.

*Source:* https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-20.md
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime

from fastnfurious.core.identifiers import new_identifier
from fastnfurious.nats.contract import InvalidSubject
from fastnfurious.nats.jetstream.bucket import Bucket, Stored
from fastnfurious.nats.jetstream.contract import ObjectDamaged, ObjectInfo, ObjectNotFound
from fastnfurious.nats.jetstream.reader import Reader

__all__ = ["ObjectStore"]

_CHUNK = 128 * 1024
_ALGORITHM = "SHA-256="


class ObjectStore:
    """Keep objects of any size by their names.

    Made by ``app.nats.jetstream.object_store("models")``. The ``nats object`` tool and other
    clients see the same bucket.

    Args:
        bucket: The stream below.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self.name = bucket.name

    async def put(
        self,
        name: str,
        content: bytes | AsyncIterator[bytes],
        *,
        description: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> ObjectInfo:
        """Store an object; it takes the place of one of that name when all of it is there.

        Args:
            name: Any text.
            content: Bytes, or an async iterator of them.
            description: What it is.
            headers: What else is to be known about it.

        Raises:
            InvalidSubject: The name is empty.
            FastNFuriousError: The server is away, full, or did not answer in time.
        """
        before = await self.find_info(name)
        identifier = new_identifier()
        try:
            info = await self._write(name, identifier, content)
            info = replace(info, description=description, headers=dict(headers or {}))
            await self._note(info)
        except BaseException:
            # What is half there is of no use; without a connection it stays, and harms nobody.
            await asyncio.shield(self._forget(identifier))
            raise
        if before is not None:
            await self._forget(before.identifier)
        return info

    async def get(self, name: str) -> bytes:
        """Return the content of an object.

        Raises:
            ObjectNotFound: There is none of that name.
            ObjectDamaged: It is not what was stored.
            FastNFuriousError: The server is away, or did not answer in time.
        """
        async with aclosing(self.stream(name)) as pieces:
            return b"".join([piece async for piece in pieces])

    async def stream(self, name: str) -> AsyncGenerator[bytes, None]:
        """Return the content of an object piece by piece, for ``async for``.

        Raises:
            FastNFuriousError: Those of `get`; ObjectDamaged only behind the last piece.
        """
        info = await self.info(name)
        digest, size = hashlib.sha256(), 0
        if info.size:
            bucket = self._bucket
            reader = Reader(bucket.api, bucket.stream, self._pieces(info.identifier))
            async with aclosing(reader.read()) as messages:
                async for message in messages:
                    digest.update(message.data)
                    size += len(message.data)
                    yield message.data
        if size != info.size or _as_text(digest.digest()).rstrip("=") != info.digest.rstrip("="):
            raise ObjectDamaged(
                f"The object {name!r} of the bucket {self.name!r} is not what was stored: "
                f"{size} of {info.size} bytes came, or their digest is another"
            )

    async def info(self, name: str) -> ObjectInfo:
        """Return what is known about an object.

        Raises:
            ObjectNotFound: There is none of that name.
            FastNFuriousError: The server is away, or did not answer in time.
        """
        info = await self.find_info(name)
        if info is None:
            raise ObjectNotFound(f"The bucket {self.name!r} has no object {name!r}")
        return info

    async def find_info(self, name: str) -> ObjectInfo | None:
        """Return what is known about an object, or ``None`` if there is none of that name."""
        stored = await self._bucket.find_last(self._meta(name))
        info = None if stored is None else _info(stored)
        return None if info is None or info.deleted else info

    async def delete(self, name: str) -> None:
        """Delete an object.

        Raises:
            ObjectNotFound: There is none of that name.
            FastNFuriousError: The server is away, or did not answer in time.
        """
        info = await self.info(name)
        await self._note(replace(info, size=0, chunks=0, digest="", deleted=True))
        await self._forget(info.identifier)

    async def list(self) -> list[ObjectInfo]:
        """Return what is known about all objects, sorted by name.

        Raises:
            FastNFuriousError: The server is away, or did not answer in time.
        """
        reader = await self._reader("last_per_subject")
        async with aclosing(reader.read()) as messages:
            found = [_info(Stored.delivered(each)) async for each in messages]
        return sorted((info for info in found if not info.deleted), key=lambda info: info.name)

    async def watch(self, *, only_new: bool = False) -> AsyncGenerator[ObjectInfo, None]:
        """Return what is there, and then each change, deletions among them, for ``async for``.

        Args:
            only_new: Leave out what is there.

        Raises:
            FastNFuriousError: The server is away at the beginning.
        """
        reader = await self._reader("new" if only_new else "last_per_subject")
        async with aclosing(reader.follow()) as messages:
            async for message in messages:
                yield _info(Stored.delivered(message))

    async def _reader(self, policy: str) -> Reader:
        await self._bucket.open()
        return Reader(self._bucket.api, self._bucket.stream, f"$O.{self.name}.M.>", policy=policy)

    async def _write(
        self, name: str, identifier: str, content: bytes | AsyncIterator[bytes]
    ) -> ObjectInfo:
        """Send the pieces, and return what is to be known about them.

        One after the other: two that were on their way when a connection was lost could overtake
        each other.
        """
        digest, size, chunks = hashlib.sha256(), 0, 0
        async for piece in _pieces(content):
            digest.update(piece)
            size, chunks = size + len(piece), chunks + 1
            await self._bucket.publish(self._pieces(identifier), piece)
        now = datetime.now(UTC)
        sum_ = _as_text(digest.digest())
        return ObjectInfo(self.name, name, size, chunks, sum_, now, identifier=identifier)

    async def _note(self, info: ObjectInfo) -> None:
        body = {
            "name": info.name,
            "bucket": info.bucket,
            "nuid": info.identifier,
            "size": info.size,
            "chunks": info.chunks,
            "digest": info.digest,
            "mtime": info.modified.isoformat(),
            "options": {"max_chunk_size": _CHUNK},
            **({"description": info.description} if info.description else {}),
            **({"headers": {k: [v] for k, v in info.headers.items()}} if info.headers else {}),
            **({"deleted": True} if info.deleted else {}),
        }
        data = json.dumps(body).encode()
        await self._bucket.publish(self._meta(info.name), data, {"Nats-Rollup": "sub"})

    async def _forget(self, identifier: str) -> None:
        await self._bucket.purge(self._pieces(identifier))

    def _pieces(self, identifier: str) -> str:
        return f"$O.{self.name}.C.{identifier}"

    def _meta(self, name: str) -> str:
        if not name:
            raise InvalidSubject("'' is no name of an object: any text with a character in it")
        return f"$O.{self.name}.M.{base64.urlsafe_b64encode(name.encode()).decode()}"


async def _pieces(content: bytes | AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Return a content in pieces of the size that all clients use."""
    if isinstance(content, bytes | bytearray | memoryview):
        for start in range(0, len(content), _CHUNK):
            yield bytes(content[start : start + _CHUNK])
        return
    kept = bytearray()
    async for part in content:
        kept += part
        while len(kept) >= _CHUNK:
            yield bytes(kept[:_CHUNK])
            del kept[:_CHUNK]
    if kept:
        yield bytes(kept)


def _as_text(digest: bytes) -> str:
    return _ALGORITHM + base64.urlsafe_b64encode(digest).decode()


def _info(stored: Stored) -> ObjectInfo:
    body = json.loads(stored.data)
    headers = {name: values[-1] for name, values in (body.get("headers") or {}).items() if values}
    return ObjectInfo(
        bucket=body["bucket"],
        name=body["name"],
        size=body.get("size", 0),
        chunks=body.get("chunks", 0),
        digest=body.get("digest", ""),
        modified=stored.time,
        description=body.get("description") or "",
        headers=headers,
        deleted=bool(body.get("deleted")),
        identifier=body.get("nuid", ""),
    )
