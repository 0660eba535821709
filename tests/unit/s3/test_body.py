"""Bodies are cut into parts of one size, whatever they come from."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import UploadFile

from fastnfurious.s3.body import parts_of

SIZE = 10


async def stream(chunks: list[bytes]) -> AsyncIterator[bytes]:
    """Yield chunks."""
    for chunk in chunks:
        yield chunk


def parts(body: object) -> list[bytes]:
    """Return the parts of a body."""

    async def collect() -> list[bytes]:
        return [part async for part in parts_of(body, SIZE)]  # type: ignore[arg-type]

    return asyncio.run(collect())


@given(st.lists(st.binary(max_size=35), max_size=6))
def test_parts_make_the_body_again(chunks: list[bytes]) -> None:
    """All parts but the last are full, and the last is empty only if the body is."""
    whole = b"".join(chunks)
    sources = (stream(chunks), whole, bytearray(whole), memoryview(whole), io.BytesIO(whole))
    for found in map(parts, sources):
        assert b"".join(found) == whole
        assert all(len(part) == SIZE for part in found[:-1])
        assert found == [b""] if not whole else 1 <= len(found[-1]) <= SIZE


def test_an_upload_is_a_body() -> None:
    """What a form brings can be stored as it is."""
    assert b"".join(parts(UploadFile(io.BytesIO(b"x" * 25)))) == b"x" * 25
