"""What an object store promises, on every server with streams."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest

from fastnfurious.nats import InvalidSubject
from fastnfurious.nats.jetstream import ObjectDamaged, ObjectNotFound, ObjectStore
from tests.conformance.nats.conftest import Clients, Seen
from tests.conformance.nats.test_key_value import other_client

LARGE = os.urandom(128 * 1024 * 5 + 7)


@pytest.fixture
async def store(members: Clients) -> ObjectStore:
    """Return a store."""
    client = await members.client()
    return client.jetstream.object_store("models")


async def chunks(store: ObjectStore) -> int:
    """Return how many messages the stream below keeps."""
    bucket = vars(store)["_bucket"]
    answer = await bucket.api.ask(f"STREAM.INFO.{bucket.stream}")
    return int(answer["state"]["messages"])


@pytest.mark.parametrize(
    "content", [b"", b"x", b"y" * 128 * 1024, LARGE], ids=["empty", "small", "chunk", "large"]
)
async def test_what_was_put_is_got(store: ObjectStore, content: bytes) -> None:
    """Whatever its size is."""
    info = await store.put("a/b ü.bin", content, description="a model", headers={"Kind": "onnx"})
    assert (info.name, info.size, info.chunks) == (
        "a/b ü.bin",
        len(content),
        -(-len(content) // 131072),
    )
    assert await store.get("a/b ü.bin") == content
    known = await store.info("a/b ü.bin")
    assert (known.size, known.digest, known.description) == (info.size, info.digest, "a model")
    assert known.headers == {"Kind": "onnx"}


async def test_a_content_can_come_and_go_in_pieces(store: ObjectStore) -> None:
    """So that it never has to be in memory as a whole."""

    async def content() -> AsyncIterator[bytes]:
        for start in range(0, len(LARGE), 100_000):
            yield LARGE[start : start + 100_000]

    assert (await store.put("large", content())).size == len(LARGE)
    pieces = [piece async for piece in store.stream("large")]
    assert b"".join(pieces) == LARGE and len(pieces) == 6


async def test_a_new_content_takes_the_place_of_the_old(store: ObjectStore) -> None:
    """Which is forgotten."""
    await store.put("model", LARGE)
    await store.put("model", b"small")
    assert await store.get("model") == b"small"
    assert await chunks(store) == 2


async def test_what_was_begun_and_not_finished_is_not_there(store: ObjectStore) -> None:
    """The old content stays."""

    async def broken() -> AsyncIterator[bytes]:
        yield LARGE
        raise OSError("the disk is gone")

    await store.put("model", b"old")
    with pytest.raises(OSError, match="the disk is gone"):
        await store.put("model", broken())
    assert await store.get("model") == b"old"
    assert await chunks(store) == 2


async def test_an_object_that_is_not_there(store: ObjectStore) -> None:
    """Is a LookupError and a 404 problem."""
    for call in (store.get("none"), store.info("none"), store.delete("none")):
        with pytest.raises(ObjectNotFound, match="bucket 'models' has no object 'none'") as caught:
            await call
        assert caught.value.status == 404 and isinstance(caught.value, LookupError)
    with pytest.raises(InvalidSubject):
        await store.put("", b"")


async def test_a_deleted_object_is_not_there(store: ObjectStore) -> None:
    """And takes no room."""
    await store.put("model", LARGE)
    await store.delete("model")
    with pytest.raises(ObjectNotFound):
        await store.get("model")
    assert await store.list() == []
    assert await chunks(store) == 1
    await store.put("model", b"again")
    assert await store.get("model") == b"again"


async def test_objects_are_listed(store: ObjectStore) -> None:
    """By name."""
    assert await store.list() == []
    for name in ("b", "a", "c"):
        await store.put(name, name.encode())
    assert [info.name for info in await store.list()] == ["a", "b", "c"]


async def test_changes_are_watched(store: ObjectStore, seen: Seen) -> None:
    """What there is comes first."""
    await store.put("a", b"1")
    watching = store.watch()
    seen.put((await anext(watching)).name)
    await store.put("b", b"22")
    seen.put((await anext(watching)).size)
    await store.delete("b")
    seen.put((await anext(watching)).deleted)
    await watching.aclose()
    assert seen.got == ["a", 2, True]


async def test_a_damaged_object_is_noticed(store: ObjectStore) -> None:
    """By its size or its digest."""
    info = await store.put("model", LARGE)
    bucket = vars(store)["_bucket"]
    await bucket.api.ask(f"STREAM.MSG.DELETE.{bucket.stream}", {"seq": 2})
    with pytest.raises(ObjectDamaged, match=f"of {info.size} bytes"):
        await store.get("model")


async def test_other_clients_see_the_same(store: ObjectStore, streaming: str) -> None:
    """What they store is read here, and the other way round."""
    await store.put("ours", LARGE, description="ours", headers={"Kind": "onnx"})
    async with other_client(streaming) as jetstream:
        theirs = await jetstream.object_store("models")
        assert (await theirs.get("ours")).data == LARGE
        await theirs.put("theirs", LARGE)
    assert await store.get("theirs") == LARGE
    assert [info.name for info in await store.list()] == ["ours", "theirs"]
