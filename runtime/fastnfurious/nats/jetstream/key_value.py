"""A key-value store in a stream: read, write with a revision, watch.

*Source:* https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-8.md
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from fastnfurious.nats.contract import InvalidSubject
from fastnfurious.nats.jetstream.bucket import Bucket, Stored
from fastnfurious.nats.jetstream.contract import Entry, KeyNotFound, RevisionConflict
from fastnfurious.nats.jetstream.reader import Reader
from fastnfurious.nats.payloads import encode

__all__ = ["KeyValue"]

_OPERATION = "KV-Operation"
_EXPECTED = "Nats-Expected-Last-Subject-Sequence"
_ROLLUP = "Nats-Rollup"
_DELETED = ("DEL", "PURGE")
# What the server's own time limit leaves behind says it in another header.
_MARKER = "Nats-Marker-Reason"

_is_key = re.compile(r"[-/_=.A-Za-z0-9]+").fullmatch
_is_pattern = re.compile(r"[-/_=.A-Za-z0-9*>]+").fullmatch


class KeyValue:
    """Keep values by their keys, with the number of each change.

    Made by ``app.nats.jetstream.key_value("settings")``. The ``nats kv`` tool and other clients see
    the same bucket.

    Args:
        bucket: The stream below.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self.name = bucket.name

    async def get(self, key: str, *, revision: int | None = None) -> Entry:
        """Return the value of a key.

        Args:
            key: Letters, digits and ``-/_=``, with dots between parts.
            revision: An older revision, if the bucket keeps a history.

        Raises:
            KeyNotFound: There is none, or it was deleted; also a LookupError, and a 404 problem.
            InvalidSubject: No key can be that.
            FastNFuriousError: The server is away, or did not answer in time.
        """
        entry = await self._find(key, revision)
        if entry is None or entry.deleted:
            at = "" if revision is None else f" at revision {revision}"
            raise KeyNotFound(f"The bucket {self.name!r} has no key {key!r}{at}")
        return entry

    async def find(self, key: str) -> Entry | None:
        """Return the value of a key, or ``None`` if there is none."""
        entry = await self._find(key, None)
        return None if entry is None or entry.deleted else entry

    async def put(self, key: str, value: Any) -> int:
        """Write a value, whatever was there, and return the revision.

        Args:
            key: The key.
            value: Bytes or text as they are; models, dicts and so on as JSON.

        Raises:
            InvalidSubject: No key can be that.
            InvalidPayload: The value cannot be encoded.
            FastNFuriousError: The server is away, or did not answer in time.
        """
        return await self._write(key, encode(value), {})

    async def create(self, key: str, value: Any) -> int:
        """Write a value if there is none, and return the revision.

        Raises:
            RevisionConflict: There is one already; a 409 problem.
            FastNFuriousError: Those of `put`.
        """
        data = encode(value)
        try:
            return await self._write(key, data, {_EXPECTED: "0"})
        except RevisionConflict:
            there = await self._find(key, None)
            if there is None or not there.deleted:
                raise RevisionConflict(
                    f"The bucket {self.name!r} has a key {key!r} already"
                ) from None
        return await self._write(key, data, {_EXPECTED: str(there.revision)})

    async def update(self, key: str, value: Any, revision: int) -> int:
        """Write a value if nobody has changed it since a revision, and return the new one.

        Args:
            key: The key.
            value: As in `put`.
            revision: That of the entry which the value was made from.

        Raises:
            RevisionConflict: It was changed meanwhile; read it again.
            FastNFuriousError: Those of `put`.
        """
        return await self._write(key, encode(value), {_EXPECTED: str(revision)})

    async def delete(self, key: str, *, revision: int | None = None, purge: bool = False) -> None:
        """Delete a key; that it had existed stays known.

        Args:
            key: The key.
            revision: Only if nobody has changed it since.
            purge: Forget its history, too.

        Raises:
            RevisionConflict: It was changed meanwhile.
            FastNFuriousError: Those of `put`.
        """
        headers = {_OPERATION: "PURGE", _ROLLUP: "sub"} if purge else {_OPERATION: "DEL"}
        if revision is not None:
            headers[_EXPECTED] = str(revision)
        await self._write(key, b"", headers)

    async def keys(self, pattern: str = ">") -> list[str]:
        """Return the keys that there are, sorted.

        Args:
            pattern: Pattern of keys, with ``*`` and ``>`` as in subjects.

        Raises:
            FastNFuriousError: The server is away, or did not answer in time.
        """
        reader = await self._reader(pattern, "last_per_subject", headers_only=True)
        async with aclosing(reader.read()) as messages:
            entries = [self._entry(Stored.delivered(each)) async for each in messages]
        return sorted(entry.key for entry in entries if not entry.deleted)

    async def history(self, key: str) -> list[Entry]:
        """Return the revisions of a key that are kept, oldest first, deletions among them.

        Raises:
            FastNFuriousError: The server is away, or did not answer in time.
        """
        reader = await self._reader(_checked(key), "all")
        async with aclosing(reader.read()) as messages:
            return [self._entry(Stored.delivered(each)) async for each in messages]

    async def watch(
        self, pattern: str = ">", *, only_new: bool = False
    ) -> AsyncGenerator[Entry, None]:
        """Return the values that there are, and then each change, for ``async for``.

        A server that goes away and returns is a pause, not a gap.

        Args:
            pattern: Key, or pattern of keys.
            only_new: Leave out what there is.

        Raises:
            FastNFuriousError: The server is away at the beginning.
        """
        reader = await self._reader(pattern, "new" if only_new else "last_per_subject")
        async with aclosing(reader.follow()) as messages:
            async for message in messages:
                yield self._entry(Stored.delivered(message))

    async def _reader(self, pattern: str, policy: str, headers_only: bool = False) -> Reader:
        if not _is_pattern(pattern):
            raise InvalidSubject(f"{pattern!r} is no pattern of keys")
        await self._bucket.open()
        subject = self._subject(pattern)
        bucket = self._bucket
        return Reader(bucket.api, bucket.stream, subject, policy=policy, headers_only=headers_only)

    async def _find(self, key: str, revision: int | None) -> Entry | None:
        subject = self._subject(_checked(key))
        if revision is None:
            stored = await self._bucket.find_last(subject)
        else:
            stored = await self._bucket.find_number(revision)
        return None if stored is None or stored.subject != subject else self._entry(stored)

    async def _write(self, key: str, data: bytes, headers: Mapping[str, str]) -> int:
        subject = self._subject(_checked(key))
        try:
            done = await self._bucket.publish(subject, data, headers)
        except RevisionConflict:
            raise RevisionConflict(
                f"The key {key!r} of the bucket {self.name!r} was changed meanwhile: read it again"
            ) from None
        return done.sequence

    def _subject(self, key: str) -> str:
        return f"$KV.{self.name}.{key}"

    def _entry(self, stored: Stored) -> Entry:
        deleted = stored.headers.get(_OPERATION) in _DELETED or _MARKER in stored.headers
        key = stored.subject.removeprefix(self._subject(""))
        return Entry(self.name, key, stored.data, stored.sequence, stored.time, deleted)


def _checked(key: str) -> str:
    """Return a key that can be one.

    Raises:
        InvalidSubject: It cannot.
    """
    if not _is_key(key) or key.startswith(".") or key.endswith(".") or ".." in key:
        raise InvalidSubject(
            f"{key!r} is no key: letters, digits and '-/_=', with dots between parts"
        )
    return key
