"""What the suite takes for granted of every store, and small helps to look at one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from hashlib import md5
from typing import Any

from fastnfurious.s3.contract import Bucket
from fastnfurious.s3.settings import S3Settings

__all__ = ["PART_SIZE", "etag_of", "keys", "remote_settings", "stream"]

PART_SIZE = 5 << 20
"""Bytes in a part: the least that a server takes."""


def etag_of(body: bytes) -> str:
    """Return the entity tag of a body, in one part or in several."""
    if len(body) <= PART_SIZE:
        return md5(body).hexdigest()
    parts = [body[start : start + PART_SIZE] for start in range(0, len(body), PART_SIZE)]
    return f"{md5(b''.join(md5(part).digest() for part in parts)).hexdigest()}-{len(parts)}"


def remote_settings(variables: Mapping[str, str], **others: Any) -> S3Settings:
    """Return the settings that reach a server, with small parts."""
    fields = {name.removeprefix("S3_").lower(): value for name, value in variables.items()}
    return S3Settings.load(**{"part_size": PART_SIZE, **fields, **others})


async def keys(bucket: Bucket, prefix: str = "", after: str | None = None) -> list[str]:
    """Return the keys that a listing gives."""
    return [each.key async for each in bucket.list(prefix, after=after)]


async def stream(body: bytes, size: int) -> AsyncIterator[bytes]:
    """Yield a body in chunks of no particular size."""
    for start in range(0, len(body), size):
        yield body[start : start + size]
