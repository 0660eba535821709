"""What a key-value store promises, on every server with streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
import pytest
from nats.js import JetStreamContext
from pydantic import BaseModel

from fastnfurious.core.errors import ConfigurationError
from fastnfurious.nats import InvalidPayload, InvalidSubject
from fastnfurious.nats.jetstream import (
    KeyNotFound,
    KeyValue,
    RevisionConflict,
    StreamDiffers,
)
from tests.conformance.nats.conftest import Clients, Seen, make_client


class Setting(BaseModel):
    """A value."""

    colour: str


@pytest.fixture
async def store(members: Clients) -> KeyValue:
    """Return a store that keeps a history."""
    client = await members.client()
    return client.jetstream.key_value("settings", history=5)


@asynccontextmanager
async def other_client(url: str) -> AsyncIterator[JetStreamContext]:
    """Use the same server through the driver's own way to streams."""
    connection = await nats.connect(url)
    try:
        yield connection.jetstream()
    finally:
        await connection.close()


async def test_what_was_put_is_got(store: KeyValue) -> None:
    """As bytes, text, JSON or a model, with the revision."""
    assert await store.put("shop.colour", Setting(colour="blue")) == 1
    entry = await store.get("shop.colour")
    assert (entry.bucket, entry.key, entry.revision) == ("settings", "shop.colour", 1)
    assert (entry.value, entry.text) == (b'{"colour":"blue"}', '{"colour":"blue"}')
    assert (entry.json, entry.decode(Setting)) == ({"colour": "blue"}, Setting(colour="blue"))
    assert entry.created.tzinfo is not None
    assert await store.put("shop.colour", b"\x00\xff") == 2
    assert (await store.get("shop.colour")).value == b"\x00\xff"
    with pytest.raises(InvalidPayload):
        (await store.get("shop.colour")).decode(Setting)


async def test_a_key_without_a_value_is_not_found(store: KeyValue) -> None:
    """Which is a LookupError and a 404 problem; looking for it is no error."""
    with pytest.raises(KeyNotFound, match="bucket 'settings' has no key 'colour'") as caught:
        await store.get("colour")
    assert caught.value.status == 404 and isinstance(caught.value, LookupError)
    assert await store.find("colour") is None


async def test_a_deleted_key_is_not_found(store: KeyValue) -> None:
    """Its history says what was there; a purge forgets that, too."""
    await store.put("colour", "blue")
    await store.put("colour", "red")
    await store.delete("colour")
    with pytest.raises(KeyNotFound):
        await store.get("colour")
    assert await store.find("colour") is None
    assert [(each.text, each.deleted) for each in await store.history("colour")] == [
        ("blue", False),
        ("red", False),
        ("", True),
    ]
    await store.delete("colour", purge=True)
    assert [(each.revision, each.deleted) for each in await store.history("colour")] == [(4, True)]


async def test_a_key_is_created_once(store: KeyValue) -> None:
    """Also one that was deleted before."""
    assert await store.create("colour", "blue") == 1
    with pytest.raises(RevisionConflict, match="has a key 'colour' already") as caught:
        await store.create("colour", "red")
    assert caught.value.status == 409
    await store.delete("colour")
    assert await store.create("colour", "red") == 3


async def test_an_update_wants_the_last_revision(store: KeyValue) -> None:
    """Of two who read the same, one has to read again."""
    first = await store.put("colour", "blue")
    second = await store.update("colour", "red", first)
    with pytest.raises(RevisionConflict, match="'colour' of the bucket 'settings' was changed"):
        await store.update("colour", "green", first)
    with pytest.raises(RevisionConflict):
        await store.delete("colour", revision=first)
    assert (await store.get("colour")).text == "red"
    await store.delete("colour", revision=second)


async def test_many_writers_lose_nothing(store: KeyValue) -> None:
    """When each of them updates what it has read."""
    await store.put("count", 0)

    async def add() -> None:
        while True:
            entry = await store.get("count")
            try:
                await store.update("count", entry.json + 1, entry.revision)
                return
            except RevisionConflict:
                continue

    await asyncio.gather(*(add() for _ in range(10)))
    assert (await store.get("count")).json == 10


async def test_an_older_revision_can_be_got(store: KeyValue) -> None:
    """If it is kept, and is one of that key."""
    await store.put("colour", "blue")
    await store.put("size", "large")
    await store.put("colour", "red")
    assert (await store.get("colour", revision=1)).text == "blue"
    for revision in (2, 9):
        with pytest.raises(KeyNotFound, match=f"'colour' at revision {revision}"):
            await store.get("colour", revision=revision)


async def test_keys_are_listed(store: KeyValue) -> None:
    """Those that have a value, all or some."""
    assert await store.keys() == []
    for key in ("b", "a.x", "a.y", "gone"):
        await store.put(key, 1)
    await store.delete("gone")
    assert await store.keys() == ["a.x", "a.y", "b"]
    assert await store.keys("a.*") == ["a.x", "a.y"]
    assert await store.keys("c.>") == []


async def test_many_keys_are_listed(store: KeyValue) -> None:
    """More than are fetched at a time."""
    await asyncio.gather(*(store.put(f"key.{number}", number) for number in range(600)))
    assert len(await store.keys()) == 600


async def test_changes_are_watched(store: KeyValue, seen: Seen) -> None:
    """What there is comes first, then each change, deletions among them."""
    await store.put("shop.colour", "blue")
    await store.put("other", "x")

    async def follow() -> None:
        async for entry in store.watch("shop.*"):
            seen.put((entry.key, entry.text, entry.deleted))

    watching = asyncio.create_task(follow())
    await seen.wait(1)
    await store.put("shop.size", "large")
    await store.delete("shop.colour")
    got = await seen.wait(3)
    watching.cancel()
    assert got == [
        ("shop.colour", "blue", False),
        ("shop.size", "large", False),
        ("shop.colour", "", True),
    ]


async def test_a_watch_can_be_left(store: KeyValue) -> None:
    """Nothing of it stays on the server."""
    await store.put("a", 1)
    watching = store.watch()
    async for entry in watching:
        assert entry.key == "a"
        break
    await watching.aclose()
    answer = await store_request(store, "$JS.API.CONSUMER.NAMES.KV_settings")
    assert not answer.get("consumers")


async def store_request(store: KeyValue, subject: str) -> dict[str, object]:
    """Ask the server of a store."""
    bucket = vars(store)["_bucket"]
    body: dict[str, object] = await bucket.api.ask(subject.removeprefix("$JS.API."))
    return body


async def test_only_changes_can_be_watched(store: KeyValue, seen: Seen) -> None:
    """Without what there was."""
    await store.put("a", 1)

    async def follow() -> None:
        async for entry in store.watch(only_new=True):
            seen.put(entry.text)

    watching = asyncio.create_task(follow())
    async with asyncio.timeout(5):
        while not (await store_request(store, "$JS.API.CONSUMER.NAMES.KV_settings"))["consumers"]:
            await asyncio.sleep(0.01)
    await store.put("a", 2)
    assert await seen.wait(1) == ["2"]
    watching.cancel()


@pytest.mark.parametrize("key", ["", ".a", "a.", "a..b", "a b", "a*", ">", "ü"])
async def test_what_cannot_be_a_key_is_refused(store: KeyValue, key: str) -> None:
    """Before anything is sent."""
    with pytest.raises(InvalidSubject, match="is no key"):
        await store.put(key, 1)
    with pytest.raises(InvalidSubject, match="is no key"):
        await store.get(key)


async def test_values_are_forgotten_in_time(members: Clients) -> None:
    """If the bucket says so."""
    client = await members.client()
    store = client.jetstream.key_value("sessions", ttl=0.3)
    await store.put("a", 1)
    assert (await store.get("a")).json == 1
    async with asyncio.timeout(5):
        while await store.find("a") is not None:
            await asyncio.sleep(0.05)


async def test_a_bucket_that_differs_stops_the_start(store: KeyValue, streaming: str) -> None:
    """What is not said is left as it is."""
    await store.put("a", 1)
    async with make_client(streaming) as plain:
        assert (await plain.jetstream.key_value("settings").get("a")).json == 1
    client = make_client(streaming)
    client.jetstream.key_value("settings", history=9)
    with pytest.raises(StreamDiffers, match="max_messages_per_subject is 5 there and 9 is wanted"):
        await client.open()
    await client.aclose()


async def test_other_clients_see_the_same(store: KeyValue, streaming: str) -> None:
    """What they write is read here, and the other way round."""
    await store.put("colour", "blue")
    async with other_client(streaming) as jetstream:
        theirs = await jetstream.key_value("settings")
        assert (await theirs.get("colour")).value == b"blue"
        await theirs.put("size", b"large")
        await theirs.delete("colour")
        created = await jetstream.create_key_value(bucket="theirs", history=2)
        await created.put("x", b"1")
    assert (await store.get("size")).text == "large"
    assert await store.keys() == ["size"]
    async with make_client(streaming) as client:
        assert (await client.jetstream.key_value("theirs", history=2).get("x")).json == 1


def test_what_cannot_be_a_bucket_is_refused() -> None:
    """At once."""
    jetstream = make_client("nats://localhost:1").jetstream
    with pytest.raises(ConfigurationError, match="'a.b' cannot be the name of a bucket"):
        jetstream.key_value("a.b")
    with pytest.raises(ConfigurationError, match="history=65 is not accepted"):
        jetstream.key_value("a", history=65)
    with pytest.raises(ConfigurationError, match="storage: Input should be 'file' or 'memory'"):
        jetstream.key_value("a", storage="tape")
    jetstream.key_value("a", history=3)
    with pytest.raises(ConfigurationError, match="'a' is declared twice"):
        jetstream.key_value("a", history=4)
