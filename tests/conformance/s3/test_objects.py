"""Objects of every store: written, read, described, listed, copied and deleted alike."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from fastnfurious.core.errors import ResourceNotFound
from fastnfurious.s3.contract import Bucket, ObjectStorage
from fastnfurious.s3.errors import (
    BucketNotFound,
    InvalidArgument,
    ObjectNotFound,
    PreconditionFailed,
    RangeNotSatisfiable,
)
from tests.conformance.s3.promises import PART_SIZE, etag_of, keys, stream

BYTES = bytes(range(256))


class TestWritingAndReading:
    """What goes in comes out."""

    @pytest.mark.parametrize("body", [b"", b"\0", BYTES], ids=["empty", "one", "all bytes"])
    async def test_an_object_is_read_as_it_was_written(self, bucket: Bucket, body: bytes) -> None:
        """Any bytes survive, also none."""
        written = await bucket.put("a", body)
        assert await bucket.get("a") == body
        assert (written.key, written.etag, written.version) == ("a", etag_of(body), None)

    async def test_writing_again_replaces_all_of_it(self, bucket: Bucket) -> None:
        """Neither the content nor the words of the old object remain."""
        await bucket.put("a", b"long content", content_type="text/plain", metadata={"old": "1"})
        await bucket.put("a", b"short")
        stat = await bucket.stat("a")
        assert await bucket.get("a") == b"short"
        assert (stat.size, stat.content_type, stat.metadata) == (5, "application/octet-stream", {})

    async def test_an_object_is_written_from_a_file(self, bucket: Bucket) -> None:
        """Anything with a ``read`` that gives bytes will do."""
        await bucket.put("a", io.BytesIO(BYTES))
        assert await bucket.get("a") == BYTES

    async def test_an_object_is_written_from_a_stream(self, bucket: Bucket) -> None:
        """The length need not be known."""
        await bucket.put("a", stream(BYTES, 7))
        assert await bucket.get("a") == BYTES

    async def test_a_long_stream_is_written_in_parts(self, bucket: Bucket) -> None:
        """Its entity tag is the one that S3 makes of parts."""
        body = BYTES * ((2 * PART_SIZE + 4096) // 256)
        written = await bucket.put("a", stream(body, 300_000), metadata={"kind": "long"})
        stat = await bucket.stat("a")
        assert written.etag == stat.etag == etag_of(body)
        assert (stat.size, stat.metadata) == (len(body), {"kind": "long"})
        assert await bucket.get("a") == body

    async def test_a_body_of_exactly_one_part_is_one_part(self, bucket: Bucket) -> None:
        """The boundary is where S3 has it."""
        body = bytes(PART_SIZE)
        assert (await bucket.put("a", stream(body, 1 << 20))).etag == etag_of(body)

    async def test_a_stream_that_breaks_leaves_nothing(self, bucket: Bucket) -> None:
        """The old object stays, whatever has been sent of the new one."""

        async def broken(size: int) -> object:
            yield bytes(size)
            raise OSError("the disk is on fire")

        await bucket.put("a", b"old")
        for size in (10, PART_SIZE + 10):
            with pytest.raises(OSError, match="on fire"):
                await bucket.put("a", broken(size))  # type: ignore[arg-type]
            with pytest.raises(OSError, match="on fire"):
                await bucket.put("b", broken(size))  # type: ignore[arg-type]
        assert await bucket.get("a") == b"old"
        assert await keys(bucket) == ["a"]

    async def test_what_is_not_bytes_is_refused(self, bucket: Bucket) -> None:
        """The message says what was given."""
        with pytest.raises(InvalidArgument, match="not from str"):
            await bucket.put("a", "text")  # type: ignore[arg-type]
        with pytest.raises(InvalidArgument, match="binary mode"):
            await bucket.put("a", io.StringIO("text"))  # type: ignore[arg-type]

    async def test_what_is_not_there_is_not_found(self, bucket: Bucket) -> None:
        """The error is one of ours, a ``LookupError``, and a 404."""
        with pytest.raises(ObjectNotFound, match="'a'") as caught:
            await bucket.get("a")
        assert isinstance(caught.value, LookupError | ResourceNotFound)
        assert caught.value.status == 404
        for looked in (bucket.stat("a"), bucket.tags("a"), bucket.copy("a", "b")):
            with pytest.raises(ObjectNotFound, match="'a'"):
                await looked
        assert not await bucket.exists("a")

    async def test_many_at_once_do_not_mix(self, bucket: Bucket) -> None:
        """Each reader gets what its own writer wrote."""
        await asyncio.gather(*(bucket.put(f"{n}", b"%d" % n) for n in range(50)))
        read = await asyncio.gather(*(bucket.get(f"{n}") for n in range(50)))
        assert read == [b"%d" % n for n in range(50)]


class TestDescribing:
    """What is known about an object."""

    async def test_a_stat_tells_everything(self, bucket: Bucket) -> None:
        """Size, entity tag, time, media type and metadata; keys of metadata in lower case."""
        before = datetime.now(UTC) - timedelta(seconds=5)
        words = {"Author": "Ada", "two-words": "a b"}
        await bucket.put("a", b"{}", content_type="application/json", metadata=words)
        stat = await bucket.stat("a")
        assert (stat.key, stat.size, stat.etag) == ("a", 2, etag_of(b"{}"))
        assert (stat.content_type, stat.version) == ("application/json", None)
        assert stat.metadata == {"author": "Ada", "two-words": "a b"}
        assert before <= stat.modified <= datetime.now(UTC) + timedelta(seconds=5)
        assert stat.modified.microsecond == 0

    async def test_tags_are_kept(self, bucket: Bucket) -> None:
        """Spaces and signs in them survive; an object without tags has none."""
        await bucket.put("a", b"", tags={"stage": "raw", "a b": "c=d"})
        await bucket.put("b", b"")
        assert await bucket.tags("a") == {"stage": "raw", "a b": "c=d"}
        assert await bucket.tags("b") == {}

    @pytest.mark.parametrize("metadata", [{"naïve": "1"}, {"a": "naïve"}, {"a": "1\n2"}, {"": "1"}])
    async def test_metadata_that_no_header_carries_is_refused(
        self, bucket: Bucket, metadata: dict[str, str]
    ) -> None:
        """It would come back changed, or not at all."""
        with pytest.raises(InvalidArgument, match="cannot travel in a header"):
            await bucket.put("a", b"", metadata=metadata)


class TestKeys:
    """Which names objects can have."""

    @pytest.mark.parametrize(
        "key", ["a b", "a+b", "a%20b", "ünï/cødé/名前", "a/b/c.txt", "a?b#c&d", "~.x", "a" * 250]
    )
    async def test_any_text_is_a_key(self, bucket: Bucket, key: str) -> None:
        """Signs that mean something in a URL are kept as they are."""
        await bucket.put(key, b"x")
        assert await keys(bucket) == [key]
        assert await bucket.get(key) == b"x"
        assert (await bucket.stat(key)).key == key
        assert (await bucket.copy(key, f"{key}2")).key == f"{key}2"

    @pytest.mark.parametrize(
        "key", ["", "/a", "a//b", "../a", "a/./b", "..", "a\nb", "\0", "a" * 1025, "\udcff"]
    )
    async def test_a_key_that_some_server_refuses_is_refused(
        self, bucket: Bucket, key: str
    ) -> None:
        """What works on one store works on every other."""
        with pytest.raises(InvalidArgument):
            await bucket.put(key, b"x")
        with pytest.raises(InvalidArgument):
            await bucket.get(key)


class TestListing:
    """Which objects there are."""

    async def test_a_listing_is_sorted_by_bytes(self, bucket: Bucket) -> None:
        """Capitals come first and a slash is a sign like any other."""
        names = ["b", "a/2", "a/1", "B", "a-1", "é", "z", "𝄞", "￼"]
        await asyncio.gather(*(bucket.put(name, b"") for name in names))
        assert await keys(bucket) == sorted(names, key=str.encode)

    async def test_a_prefix_narrows_it(self, bucket: Bucket) -> None:
        """A prefix is the beginning of the key, not a folder."""
        for name in ("a", "ab", "abc", "b", "a_c"):
            await bucket.put(name, b"")
        assert await keys(bucket, "ab") == ["ab", "abc"]
        assert await keys(bucket, "a_") == ["a_c"]
        assert await keys(bucket, "x") == []

    async def test_a_listing_goes_on_behind_a_key(self, bucket: Bucket) -> None:
        """The key itself is not listed again, and need not exist."""
        for name in ("a", "b", "c"):
            await bucket.put(name, b"")
        assert await keys(bucket, after="a") == ["b", "c"]
        assert await keys(bucket, after="bb") == ["c"]

    async def test_a_listing_tells_size_and_entity_tag(self, bucket: Bucket) -> None:
        """They are those of the object's own description."""
        await bucket.put("a", b"hello")
        (listed,) = [each async for each in bucket.list()]
        stat = await bucket.stat("a")
        assert (listed.size, listed.etag) == (5, stat.etag)
        assert listed.modified == stat.modified

    @pytest.mark.slow
    async def test_a_long_listing_is_complete(self, bucket: Bucket) -> None:
        """More objects than fit into one page are all there."""
        names = [f"{number:05}" for number in range(1_203)]
        for start in range(0, len(names), 50):
            await asyncio.gather(*(bucket.put(each, b"") for each in names[start : start + 50]))
        assert await keys(bucket) == names

    async def test_a_listing_can_be_left(self, bucket: Bucket) -> None:
        """Who has found what it looked for stops."""
        for name in ("a", "b"):
            await bucket.put(name, b"")
        async for each in bucket.list():
            assert each.key == "a"
            break


class TestRanges:
    """Parts of an object."""

    @pytest.mark.parametrize(
        ("offset", "length", "expected"),
        [
            (0, None, b"0123456789"),
            (0, 3, b"012"),
            (4, None, b"456789"),
            (4, 2, b"45"),
            (9, 1, b"9"),
            (8, 100, b"89"),
            (-3, None, b"789"),
            (-100, None, b"0123456789"),
        ],
    )
    async def test_a_range_is_read(
        self, bucket: Bucket, offset: int, length: int | None, expected: bytes
    ) -> None:
        """The reader knows where it is and how long the object is in all."""
        await bucket.put("a", b"0123456789", content_type="text/plain")
        async with bucket.open("a", offset=offset, length=length) as reader:
            assert await reader.read() == expected
            assert (reader.start, reader.length) == (b"0123456789".index(expected), len(expected))
            assert (reader.stat.size, reader.stat.content_type) == (10, "text/plain")

    async def test_a_range_behind_the_end_is_refused(self, bucket: Bucket) -> None:
        """There is nothing to read there; the whole of an empty object is no such range."""
        await bucket.put("a", b"0123456789")
        await bucket.put("empty", b"")
        for key, offset, length in (("a", 10, None), ("a", 11, 5), ("empty", 0, 1)):
            with pytest.raises(RangeNotSatisfiable):
                async with bucket.open(key, offset=offset, length=length):
                    pass
        async with bucket.open("empty") as reader:
            assert await reader.read() == b""

    async def test_a_range_that_says_nothing_is_refused(self, bucket: Bucket) -> None:
        """Before anything is sent."""
        for offset, length in ((0, 0), (0, -1), (-3, 2)):
            with pytest.raises(InvalidArgument, match="cannot be read"):
                await bucket.reader("a", offset=offset, length=length)

    async def test_an_object_is_read_piece_by_piece(self, bucket: Bucket) -> None:
        """Pieces have the size that was asked for, the last one what is left."""
        body = BYTES * 5000
        await bucket.put("a", body)
        async with bucket.open("a") as reader:
            first = await reader.read(1000)
            pieces = [piece async for piece in reader]
        assert len(first) == 1000
        assert first + b"".join(pieces) == body
        assert max(map(len, pieces)) <= 256 << 10

    async def test_a_reader_finishes_what_was_deleted_meanwhile(self, bucket: Bucket) -> None:
        """A reader reads the object that it has opened, whatever becomes of the key."""
        body = BYTES * 40
        await bucket.put("a", body)
        async with bucket.open("a") as reader:
            await bucket.delete("a")
            assert await reader.read() == body


class TestConditions:
    """Writing only if the object is as expected."""

    async def test_the_first_writer_wins(self, bucket: Bucket) -> None:
        """Of many that create an object at once, one succeeds."""
        tries = (bucket.put("a", b"%d" % n, if_none_match=True) for n in range(8))
        outcomes = await asyncio.gather(*tries, return_exceptions=True)
        failed = [each for each in outcomes if isinstance(each, BaseException)]
        assert len(failed) == 7
        assert {type(each) for each in failed} == {PreconditionFailed}

    async def test_an_object_is_replaced_only_as_it_is_known(self, bucket: Bucket) -> None:
        """A change in between is not lost."""
        first = await bucket.put("a", b"1")
        second = await bucket.put("a", b"2", if_match=first.etag)
        with pytest.raises(PreconditionFailed) as caught:
            await bucket.put("a", b"3", if_match=first.etag)
        assert caught.value.status == 412
        assert await bucket.get("a") == b"2"
        await bucket.put("a", b"4", if_match=f'"{second.etag}"')

    async def test_what_is_not_there_cannot_match(self, bucket: Bucket) -> None:
        """Replacing an object that is gone says so."""
        with pytest.raises(ObjectNotFound):
            await bucket.put("a", b"1", if_match=etag_of(b"0"))

    async def test_conditions_hold_for_long_objects(self, bucket: Bucket) -> None:
        """Also when they are sent in parts."""
        await bucket.put("a", b"1")
        with pytest.raises(PreconditionFailed):
            await bucket.put("a", bytes(PART_SIZE + 1), if_none_match=True)
        assert await bucket.get("a") == b"1"


class TestCopying:
    """One object from another."""

    async def test_a_copy_has_everything(self, bucket: Bucket) -> None:
        """Content, media type, metadata and tags."""
        await bucket.put("a", b"x", content_type="text/x", metadata={"m": "1"}, tags={"t": "2"})
        written = await bucket.copy("a", "b/c")
        stat = await bucket.stat("b/c")
        assert (written.key, written.etag) == ("b/c", etag_of(b"x"))
        assert (stat.content_type, stat.metadata) == ("text/x", {"m": "1"})
        assert await bucket.tags("b/c") == {"t": "2"}
        assert await bucket.get("b/c") == b"x"

    async def test_a_copy_goes_into_another_bucket(self, bucket: Bucket, versioned: Bucket) -> None:
        """The original stays."""
        await bucket.put("a", b"x")
        written = await bucket.copy("a", "a", bucket=versioned.name)
        assert written.version
        assert await versioned.get("a") == await bucket.get("a") == b"x"

    async def test_a_copy_onto_itself_is_refused(self, bucket: Bucket) -> None:
        """It would change nothing."""
        with pytest.raises(InvalidArgument, match="onto itself"):
            await bucket.copy("a", "a")

    async def test_a_copy_needs_its_bucket(self, bucket: Bucket) -> None:
        """The error names the bucket that is missing."""
        await bucket.put("a", b"x")
        with pytest.raises(BucketNotFound, match="missing-bucket"):
            await bucket.copy("a", "b", bucket="missing-bucket")


class TestDeleting:
    """Objects that go."""

    async def test_a_deleted_object_is_gone(self, bucket: Bucket) -> None:
        """Deleting it again is no error."""
        await bucket.put("a", b"x")
        await bucket.delete("a")
        await bucket.delete("a")
        assert not await bucket.exists("a")
        assert await keys(bucket) == []


async def test_everything_needs_the_bucket(storage: ObjectStorage) -> None:
    """A bucket that does not exist is told apart from an object that does not."""
    bucket = storage["missing-bucket"]
    for asked in (
        bucket.get("a"),
        bucket.put("a", b""),
        bucket.put("a", bytes(PART_SIZE + 1)),
        bucket.delete("a"),
        keys(bucket),
    ):
        with pytest.raises(BucketNotFound, match="missing-bucket"):
            await asked
    # A server answers HEAD without a word, so nobody can tell what is missing.
    with pytest.raises(ObjectNotFound, match="missing-bucket"):
        await bucket.stat("a")
    assert not await bucket.exists("a")


async def test_a_presigned_url_names_the_object(bucket: Bucket) -> None:
    """It is absolute, and the key is quoted; how long it holds is bounded."""
    url = await bucket.presigned_get("a b/ü", expires=60)
    assert url.startswith("http://") and f"{bucket.name}/{quote('a b/ü')}?" in url
    for expires in (0, 8 * 24 * 3600):
        with pytest.raises(InvalidArgument, match="holds for 1 to"):
            await bucket.presigned_put("a", expires=expires)
