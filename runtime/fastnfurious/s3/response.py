"""An object as the answer to a request: streamed, in ranges, and not at all if it is known.

*Source:* RFC 9110, sections 13 (conditional requests) and 14 (range requests),
https://www.rfc-editor.org/rfc/rfc9110.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from fastnfurious.s3.contract import Bucket, ObjectReader
from fastnfurious.s3.errors import RangeNotSatisfiable
from fastnfurious.s3.objects import ObjectStat

__all__ = ["ObjectResponse"]

_RANGE = re.compile(r"bytes=(?:(\d+)-(\d*)|-(\d+))", re.ASCII | re.IGNORECASE)
_TAGS = re.compile(r'(?:W/)?"([^"]*)"')


class ObjectResponse(Response):
    """Send an object to the client as it comes, without holding it in memory.

    ``Range`` and ``If-Range``, ``If-None-Match`` and ``If-Modified-Since`` are honoured, so that
    downloads can be resumed and browsers keep what they have. An object that does not exist is a
    404 problem.

    Args:
        bucket: Where the object is.
        key: Its name.
        version: Which version; the latest by default.
        media_type: Media type; by default the one that the object was written with.
        filename: Name under which a browser saves it; by default it is shown.
        headers: Further headers.

    Example:
        >>> from fastnfurious.s3.embedded import EmbeddedStorage
        >>> ObjectResponse(EmbeddedStorage()["models"], "42.onnx").status_code
        200
    """

    def __init__(
        self,
        bucket: Bucket,
        key: str,
        *,
        version: str | None = None,
        media_type: str | None = None,
        filename: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self._bucket = bucket
        self._key = key
        self._version = version
        self._filename = filename
        super().__init__(headers=headers, media_type=media_type)
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        answer = await self._answer(scope["method"], Headers(scope=scope))
        try:
            await answer(scope, receive, send)
        finally:
            if isinstance(answer, _Stream):
                await answer.reader.aclose()
        if self.background is not None:
            await self.background()

    async def _answer(self, method: str, asked: Headers) -> Response:
        wanted = _wanted(asked.get("range")) if method == "GET" else None
        if method == "HEAD" or _is_conditional(asked):
            stat = await self._bucket.stat(self._key, version=self._version)
            if _is_known(asked, stat):
                return self._bare(stat, 304)
            if method == "HEAD":
                return self._bare(stat, 200, {"content-length": str(stat.size)})
            if not _may_range(asked, stat):
                wanted = None
        return await self._body(wanted)

    async def _body(self, wanted: tuple[int, int | None] | None) -> Response:
        offset, length = wanted or (0, None)
        try:
            reader = await self._bucket.reader(
                self._key, offset=offset, length=length, version=self._version
            )
        except RangeNotSatisfiable:
            stat = await self._bucket.stat(self._key, version=self._version)
            return self._bare(stat, 416, {"content-range": f"bytes */{stat.size}"})
        headers = self._described(reader.stat, {"content-length": str(reader.length)})
        if wanted is None:
            return _Stream(reader, 200, headers)
        last = reader.start + reader.length - 1
        headers["content-range"] = f"bytes {reader.start}-{last}/{reader.stat.size}"
        return _Stream(reader, 206, headers)

    def _bare(self, stat: ObjectStat, status: int, more: dict[str, str] | None = None) -> Response:
        answer = Response(status_code=status)
        answer.headers.update(self._described(stat, more or {}))
        return answer

    def _described(self, stat: ObjectStat, more: dict[str, str]) -> dict[str, str]:
        headers = {
            "content-type": stat.content_type,
            "accept-ranges": "bytes",
            "etag": f'"{stat.etag}"',
            "last-modified": format_datetime(stat.modified, usegmt=True),
            # A type that an uploader made up must not make a browser run the object.
            "x-content-type-options": "nosniff",
            **dict(self.headers),
            **more,
        }
        if self._filename is not None:
            headers["content-disposition"] = _attachment(self._filename)
        return headers


class _Stream(StreamingResponse):
    def __init__(self, reader: ObjectReader, status: int, headers: dict[str, str]) -> None:
        super().__init__(reader, status, headers)
        self.reader = reader


def _wanted(header: str | None) -> tuple[int, int | None] | None:
    """Return the range that is asked for; ``None`` for all, also if several are or it is odd."""
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None:
        return None
    first, last, suffix = found.groups()
    if suffix is not None:
        return (-int(suffix), None) if int(suffix) else None
    if not last:
        return int(first), None
    length = int(last) - int(first) + 1
    return (int(first), length) if length > 0 else None


def _is_conditional(asked: Headers) -> bool:
    return any(name in asked for name in ("if-none-match", "if-modified-since", "if-range"))


def _is_known(asked: Headers, stat: ObjectStat) -> bool:
    """Return whether the client has the object already."""
    tags = asked.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or stat.etag in _TAGS.findall(tags)
    since = _date(asked.get("if-modified-since"))
    return since is not None and stat.modified <= since


def _may_range(asked: Headers, stat: ObjectStat) -> bool:
    """Return whether a range fits what the client has of the object."""
    condition = asked.get("if-range")
    if condition is None:
        return True
    return condition == f'"{stat.etag}"' or _date(condition) == stat.modified


def _date(text: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)


def _attachment(filename: str) -> str:
    quoted = quote(filename, safe="")
    if quoted == filename:
        return f'attachment; filename="{filename}"'
    return f"attachment; filename*=utf-8''{quoted}"
