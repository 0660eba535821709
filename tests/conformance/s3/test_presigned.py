"""Presigned URLs of every store: good for one object, one method and a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest
from httpx2 import AsyncClient
from pydantic import SecretStr

from fastnfurious import FastNFuriousAPI, FastNFuriousSettings
from fastnfurious.core.registry import Registry, RegistryEntry
from fastnfurious.s3.client import S3Client
from fastnfurious.s3.contract import Bucket, ObjectStorage
from fastnfurious.s3.embedded.storage import EmbeddedStorage
from fastnfurious.s3.integration import S3Integration
from fastnfurious.s3.settings import S3Settings
from fastnfurious.testing.async_client import AsyncTestClient

ENTRY = RegistryEntry("s3", "fastnfurious.s3.integration:S3Integration", "fastnfurious[s3]")


@pytest.fixture
async def browser(storage: ObjectStorage) -> AsyncIterator[AsyncClient | AsyncTestClient]:
    """Return what opens URLs: those of a stand-in are answered by the application."""
    if not isinstance(storage, EmbeddedStorage):
        async with AsyncClient() as browser:
            yield browser
        return
    settings = FastNFuriousSettings(environment="test")
    app = FastNFuriousAPI(settings=settings)
    app.integrations.registry = Registry([ENTRY])
    integration = S3Integration(S3Settings(), settings, storage=storage)
    with app.integrations.replaced("s3", integration):
        async with AsyncTestClient(app) as client:
            yield client


def changed(url: str, name: str, value: str) -> str:
    """Return a URL with another value of a word in its query, whatever the word's case."""
    parts = urlsplit(url)
    words = [(key, value if name in key.lower() else old) for key, old in parse_qsl(parts.query)]
    assert words != parse_qsl(parts.query)
    return urlunsplit(parts._replace(query=urlencode(words)))


async def test_an_object_is_read(bucket: Bucket, browser: AsyncClient) -> None:
    """With the headers that it was written with; whole, in part, or its head alone."""
    await bucket.put("a b/ü+", b"0123456789", content_type="text/x", metadata={"kind": "x"})
    url = await bucket.presigned_get("a b/ü+", expires=60)
    whole = await browser.get(url)
    assert (whole.status_code, whole.content) == (200, b"0123456789")
    assert whole.headers["content-type"] == "text/x"
    assert whole.headers["etag"] == f'"{(await bucket.stat("a b/ü+")).etag}"'
    part = await browser.get(url, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["content-range"] == "bytes 2-4/10"
    beyond = await browser.get(url, headers={"Range": "bytes=10-"})
    assert beyond.status_code == 416
    known = await browser.get(url, headers={"If-None-Match": whole.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


async def test_an_object_is_written(bucket: Bucket, browser: AsyncClient) -> None:
    """With the media type that the writer sends, and no words that nobody has signed."""
    url = await bucket.presigned_put("a", expires=60)
    unsigned = {"x-amz-meta-kind": "y"}
    assert (await browser.put(url, content=b"hello", headers=unsigned)).status_code in (400, 403)
    answer = await browser.put(url, content=b"hello", headers={"Content-Type": "text/x"})
    stat = await bucket.stat("a")
    assert (answer.status_code, answer.headers["etag"]) == (200, f'"{stat.etag}"')
    assert (stat.content_type, stat.metadata) == ("text/x", {})
    assert await bucket.get("a") == b"hello"


async def test_a_version_is_read(versioned: Bucket, browser: AsyncClient) -> None:
    """A URL may name one."""
    first = await versioned.put("a", b"1")
    await versioned.put("a", b"2")
    url = await versioned.presigned_get("a", version=first.version)
    assert (await browser.get(url)).content == b"1"
    assert (await browser.get(await versioned.presigned_get("a"))).content == b"2"


async def test_what_is_not_there_is_not_found(bucket: Bucket, browser: AsyncClient) -> None:
    """A URL may be made before its object."""
    assert (await browser.get(await bucket.presigned_get("a"))).status_code == 404


async def test_a_url_that_was_changed_is_refused(bucket: Bucket, browser: AsyncClient) -> None:
    """Whatever is changed: the object, the time, the signature, or that there is one."""
    await bucket.put("a", b"x")
    await bucket.put("b", b"y")
    url = await bucket.presigned_get("a", expires=60)
    refused = [
        url.replace("/a?", "/b?"),
        changed(
            url, "expires", str(int(dict(parse_qsl(urlsplit(url).query)).get("expires", 60)) + 1)
        ),
        changed(url, "signature", "0" * 64),
        url.partition("?")[0],
    ]
    assert [(await browser.get(each)).status_code for each in refused] == [403] * len(refused)
    assert (await browser.get(url)).status_code == 200


async def test_a_url_of_somebody_else_is_refused(
    bucket: Bucket, storage: ObjectStorage, browser: AsyncClient
) -> None:
    """Who does not know the secret cannot sign, however right the rest is."""
    await bucket.put("a", b"x")
    stranger: ObjectStorage = EmbeddedStorage()
    if isinstance(storage, S3Client):
        secret = SecretStr("hush-hush-hush")
        stranger = S3Client(storage.settings.model_copy(update={"secret_key": secret}))
    to_read = await stranger[bucket.name].presigned_get("a")
    to_write = await stranger[bucket.name].presigned_put("a")
    assert (await browser.get(to_read)).status_code == 403
    assert (await browser.put(to_write, content=b"changed")).status_code == 403
    assert await bucket.get("a") == b"x"


async def test_a_url_is_good_for_one_method(bucket: Bucket, browser: AsyncClient) -> None:
    """Who may read may not write, nor the other way round, and nobody may delete."""
    await bucket.put("a", b"x")
    to_read, to_write = await bucket.presigned_get("a"), await bucket.presigned_put("a")
    assert (await browser.put(to_read, content=b"changed")).status_code == 403
    assert (await browser.get(to_write)).status_code == 403
    assert (await browser.delete(to_write)).status_code in (403, 405)
    assert await bucket.get("a") == b"x"


async def test_a_url_expires(bucket: Bucket, browser: AsyncClient) -> None:
    """When its time is over it opens nothing."""
    await bucket.put("a", b"x")
    to_read = await bucket.presigned_get("a", expires=1)
    to_write = await bucket.presigned_put("a", expires=1)
    await asyncio.sleep(2.1)
    assert (await browser.get(to_read)).status_code == 403
    assert (await browser.put(to_write, content=b"late")).status_code == 403
    assert await bucket.get("a") == b"x"
