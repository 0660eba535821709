"""Objects of every store as answers: whole, in ranges, and not at all if they are known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email.utils import format_datetime
from typing import Any

import pytest

from fastnfurious import FastNFuriousAPI, FastNFuriousSettings
from fastnfurious.s3.contract import Bucket
from fastnfurious.s3.response import ObjectResponse
from fastnfurious.testing.async_client import AsyncTestClient

BODY = bytes(range(256)) * 2000


@pytest.fixture
async def client(bucket: Bucket) -> AsyncIterator[AsyncTestClient]:
    """Return a client of an application that sends objects."""
    app = FastNFuriousAPI(settings=FastNFuriousSettings(environment="test"))

    @app.api_route("/files/{key}", methods=["GET", "HEAD"])
    async def send(key: str, filename: str | None = None) -> ObjectResponse:
        return ObjectResponse(bucket, key, filename=filename)

    await bucket.put("a", BODY, content_type="text/x")
    async with AsyncTestClient(app) as started:
        yield started


async def test_an_object_is_sent_whole(client: AsyncTestClient, bucket: Bucket) -> None:
    """With all that a client needs to ask better the next time."""
    answer = await client.get("/files/a")
    stat = await bucket.stat("a")
    assert (answer.status_code, answer.content) == (200, BODY)
    assert answer.headers["content-length"] == str(len(BODY))
    assert answer.headers["content-type"] == "text/x"
    assert answer.headers["etag"] == f'"{stat.etag}"'
    assert answer.headers["last-modified"] == format_datetime(stat.modified, usegmt=True)
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "expected", "span"),
    [
        ("bytes=0-9", BODY[:10], "bytes 0-9/512000"),
        ("bytes=511990-", BODY[-10:], "bytes 511990-511999/512000"),
        ("bytes=-5", BODY[-5:], "bytes 511995-511999/512000"),
        ("bytes=5-999999999", BODY[5:], "bytes 5-511999/512000"),
    ],
    ids=["first", "rest", "last", "beyond"],
)
async def test_a_range_is_sent(
    client: AsyncTestClient, asked: str, expected: bytes, span: str
) -> None:
    """So that a download can be resumed."""
    answer = await client.get("/files/a", headers={"Range": asked})
    assert (answer.status_code, answer.headers["content-range"]) == (206, span)
    assert answer.content == expected
    assert answer.headers["content-length"] == str(len(expected))


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "lines=1-2", "bytes=5-2", "bytes=", "bytes=-0"])
async def test_a_range_that_is_odd_is_ignored(client: AsyncTestClient, asked: str) -> None:
    """A server may always send the whole."""
    answer = await client.get("/files/a", headers={"Range": asked})
    assert (answer.status_code, len(answer.content)) == (200, len(BODY))


async def test_a_range_behind_the_end_is_refused(client: AsyncTestClient) -> None:
    """The client learns how long the object is."""
    answer = await client.get("/files/a", headers={"Range": "bytes=512000-"})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == "bytes */512000"


async def test_what_the_client_has_is_not_sent(client: AsyncTestClient) -> None:
    """By entity tag, among several and weak ones too, or by date."""
    first = (await client.get("/files/a")).headers
    tag, date = first["etag"], first["last-modified"]
    for known in (tag, f'"x", W/{tag}', "*"):
        answer = await client.get("/files/a", headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert (await client.get("/files/a", headers={"If-Modified-Since": date})).status_code == 304
    old = {"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}
    for fresh in ({"If-None-Match": '"x"'}, old, {"If-Modified-Since": "yesterday"}):
        assert (await client.get("/files/a", headers=fresh)).status_code == 200


async def test_a_range_is_sent_only_of_what_the_client_has(client: AsyncTestClient) -> None:
    """Otherwise the client gets all of the new object."""
    tag = (await client.get("/files/a")).headers["etag"]

    async def status(condition: Any) -> int:
        headers = {"Range": "bytes=0-1", "If-Range": condition}
        return (await client.get("/files/a", headers=headers)).status_code

    assert (await status(tag), await status('"other"'), await status("nonsense")) == (206, 200, 200)


async def test_the_head_is_sent_alone(client: AsyncTestClient) -> None:
    """With the length of what a ``GET`` would bring."""
    answer = await client.head("/files/a")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(BODY))


async def test_a_file_is_saved_under_its_name(client: AsyncTestClient) -> None:
    """Also if the name is not plain ASCII."""
    for name, shown in (("a.txt", 'filename="a.txt"'), ('ü"', "filename*=utf-8''%C3%BC%22")):
        answer = await client.get("/files/a", params={"filename": name})
        assert answer.headers["content-disposition"] == f"attachment; {shown}"


async def test_what_is_not_there_is_a_problem(client: AsyncTestClient) -> None:
    """Nothing has been sent when it is found out."""
    for answer in (await client.get("/files/b"), await client.head("/files/b")):
        assert answer.status_code == 404
