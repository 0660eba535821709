"""The stand-in with a memory of what was asked of it, and with faults on demand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal

from fastnfurious.s3.body import Body
from fastnfurious.s3.embedded.storage import EmbeddedBucket, EmbeddedReader, EmbeddedStorage
from fastnfurious.s3.names import check_bucket
from fastnfurious.s3.objects import ListedObject, ObjectStat, WrittenObject
from fastnfurious.s3.terms import ReadSpan, WriteTerms

__all__ = ["Fault", "Operation", "RecordedBucket", "RecordedCall", "RecordedS3"]

Operation = Literal["copy", "delete", "get", "list", "put", "stat", "tags"]
"""What can be asked of a bucket: ``open`` counts as ``get``, and ``exists`` as ``stat``."""


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """Describe one thing that was asked of a bucket.

    Attributes:
        operation: What was asked.
        bucket: Name of the bucket.
        key: Key of the object; the prefix of a listing.
    """

    operation: Operation
    bucket: str
    key: str


@dataclass(slots=True)
class Fault:
    """Say what goes wrong, where, and how often.

    Attributes:
        operation: With which operation; ``None`` is any.
        key: With which object; ``None`` is any.
        error: What is raised; ``None`` raises nothing.
        delay: Seconds to wait first.
        times: How often it still happens; ``None`` is always.
    """

    operation: Operation | None = None
    key: str | None = None
    error: Exception | None = None
    delay: float = 0.0
    times: int | None = None

    def fits(self, call: RecordedCall) -> bool:
        """Return whether the fault happens to a call."""
        same_operation = self.operation in (None, call.operation)
        return self.times != 0 and same_operation and self.key in (None, call.key)


class RecordedS3(EmbeddedStorage):
    """Keep objects in memory, write down what is asked, and fail when told to.

    Buckets come into being when they are first used.

    Attributes:
        calls: What was asked of the buckets, in order.
        faults: What goes wrong.

    Example:
        >>> from fastnfurious.core.errors import ResourceUnavailable
        >>> async def visit() -> str:
        ...     s3 = RecordedS3()
        ...     await s3["models"].put("a", b"x")
        ...     s3.fail("get", ResourceUnavailable("S3 is away"), times=1)
        ...     try:
        ...         await s3["models"].get("a")
        ...     except ResourceUnavailable:
        ...         return " ".join(call.operation for call in s3.calls)
        >>> asyncio.run(visit())
        'put get'
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(None, **options)
        self.calls: list[RecordedCall] = []
        self.faults: list[Fault] = []

    def __getitem__(self, name: str) -> RecordedBucket:
        """Return a bucket, and create it if it is missing."""
        if check_bucket(name) not in self.index.bucket_names():
            self.index.ensure_buckets([name])
        return RecordedBucket(self, name)

    def fail(
        self,
        operation: Operation | None,
        error: Exception,
        *,
        key: str | None = None,
        times: int | None = None,
    ) -> None:
        """Have an operation fail.

        Args:
            operation: Which one; ``None`` is any.
            error: What it raises.
            key: With which object; by default with any.
            times: How often; by default always.
        """
        self.faults.append(Fault(operation, key, error, times=times))

    def delay(self, operation: Operation | None, seconds: float, *, key: str | None = None) -> None:
        """Have an operation take time.

        Args:
            operation: Which one; ``None`` is any.
            seconds: How long it takes at least.
            key: With which object; by default with any.
        """
        self.faults.append(Fault(operation, key, delay=seconds))

    def recover(self) -> None:
        """Have everything work again."""
        self.faults.clear()

    def called(self, operation: Operation, key: str | None = None) -> list[RecordedCall]:
        """Return what was asked of one kind, of one object or of any."""
        wanted = Fault(operation, key)
        return [call for call in self.calls if wanted.fits(call)]

    async def happen(self, call: RecordedCall) -> None:
        """Write a call down, and let its faults happen."""
        self.calls.append(call)
        for fault in self.faults:
            if fault.fits(call):
                await self._suffer(fault)

    async def _suffer(self, fault: Fault) -> None:
        if fault.times is not None:
            fault.times -= 1
        await asyncio.sleep(fault.delay)
        if fault.error is not None:
            raise fault.error


class RecordedBucket(EmbeddedBucket):
    """Use a bucket whose calls are written down."""

    def __init__(self, storage: RecordedS3, name: str) -> None:
        super().__init__(storage, name)
        self._recorded = storage

    async def list(
        self, prefix: str = "", *, after: str | None = None
    ) -> AsyncIterator[ListedObject]:
        """Iterate over the objects in the order of their keys."""
        await self._happen("list", prefix)
        async for each in super().list(prefix, after=after):
            yield each

    async def _open(self, key: str, span: ReadSpan, version: str | None) -> EmbeddedReader:
        await self._happen("get", key)
        return await super()._open(key, span, version)

    async def _put(self, key: str, body: Body, terms: WriteTerms) -> WrittenObject:
        await self._happen("put", key)
        return await super()._put(key, body, terms)

    async def _delete(self, key: str, version: str | None) -> None:
        await self._happen("delete", key)
        await super()._delete(key, version)

    async def _stat(self, key: str, version: str | None) -> ObjectStat:
        await self._happen("stat", key)
        return await super()._stat(key, version)

    async def _tags(self, key: str) -> dict[str, str]:
        await self._happen("tags", key)
        return await super()._tags(key)

    async def _copy(self, key: str, version: str | None, bucket: str, to: str) -> WrittenObject:
        await self._happen("copy", key)
        return await super()._copy(key, version, bucket, to)

    async def _happen(self, operation: Operation, key: str) -> None:
        await self._recorded.happen(RecordedCall(operation, self.name, key))
