"""What minio-py needs around it: a pool with time limits, headers, and its errors made ours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode
from xml.etree import ElementTree

from minio.datatypes import Object
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError, MaxRetryError, ReadTimeoutError, ResponseError

from fastnfurious.core.errors import FastNFuriousError, OperationTimeout, ResourceUnavailable
from fastnfurious.s3.errors import (
    AccessDenied,
    BucketExists,
    BucketNotEmpty,
    BucketNotFound,
    CredentialsRefused,
    ObjectNotFound,
    PreconditionFailed,
    RangeNotSatisfiable,
    StorageError,
)
from fastnfurious.s3.objects import ObjectStat
from fastnfurious.s3.settings import S3Settings
from fastnfurious.s3.terms import WriteTerms

__all__ = [
    "age_of",
    "close_response",
    "condition_headers",
    "first_byte",
    "known_of",
    "object_headers",
    "our_errors",
    "parts_document",
    "pool_of",
    "stat_of",
]

_META = "x-amz-meta-"
_SERVER_FAULT = 500
_CREDENTIALS = "the server does not accept S3_ACCESS_KEY and S3_SECRET_KEY, or they have expired"
_CODES: Mapping[str, tuple[type[FastNFuriousError], str]] = {
    "NoSuchKey": (ObjectNotFound, "There is no object {key!r} in the bucket {bucket!r}"),
    "NoSuchVersion": (ObjectNotFound, "There is no such version of {key!r} in {bucket!r}"),
    "NoSuchBucket": (
        BucketNotFound,
        "There is no bucket {bucket!r}: create it, or list it in S3_BUCKETS",
    ),
    "BucketAlreadyOwnedByYou": (BucketExists, "There is a bucket {bucket!r} already"),
    "BucketAlreadyExists": (BucketExists, "There is a bucket {bucket!r} already"),
    "BucketNotEmpty": (
        BucketNotEmpty,
        "The bucket {bucket!r} is not empty: delete its objects first, and all versions of them",
    ),
    "PreconditionFailed": (PreconditionFailed, "The object {key!r} is not as the caller expects"),
    "ConditionalRequestConflict": (PreconditionFailed, "{key!r} is being written by another"),
    "InvalidRange": (RangeNotSatisfiable, "{key!r} ends before the range begins"),
    "AccessDenied": (AccessDenied, "The access key may not do this to {key!r} in {bucket!r}"),
    "InvalidAccessKeyId": (CredentialsRefused, f"S3 refused us: {_CREDENTIALS}"),
    "SignatureDoesNotMatch": (CredentialsRefused, f"S3 refused us: {_CREDENTIALS}"),
    "ExpiredToken": (CredentialsRefused, f"S3 refused us: {_CREDENTIALS}"),
    "InvalidToken": (CredentialsRefused, f"S3 refused us: {_CREDENTIALS}"),
    "RequestTimeTooSkewed": (CredentialsRefused, "S3 refused us: the clocks are too far apart"),
    "SlowDown": (ResourceUnavailable, "S3 asks to slow down"),
    "SlowDownRead": (ResourceUnavailable, "S3 asks to slow down"),
    "SlowDownWrite": (ResourceUnavailable, "S3 asks to slow down"),
    "ServiceUnavailable": (ResourceUnavailable, "S3 is not available"),
    "XMinioServerNotInitialized": (ResourceUnavailable, "S3 is still starting"),
    "RequestTimeout": (OperationTimeout, "S3 did not answer in time"),
}
"""Codes of errors that S3 answers with, and what they are to us."""


class our_errors:  # noqa: N801 - it is used like a function
    """Make the driver's errors ours inside a ``with`` block.

    Args:
        bucket: Which bucket was asked.
        key: Which object, if one.
    """

    __slots__ = ("_bucket", "_key")

    def __init__(self, bucket: str, key: str = "") -> None:
        self._bucket = bucket
        self._key = key

    def __enter__(self) -> None:
        """Do nothing yet."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Raise our error in the place of the driver's."""
        if isinstance(error, MinioException | HTTPError):
            raise _ours(error, self._bucket, self._key) from error


def _ours(error: MinioException | HTTPError, bucket: str, key: str) -> FastNFuriousError:
    if isinstance(error, S3Error):
        # Of a copy's two buckets, a server may name the wrong one as missing.
        named = bucket if error.code == "NoSuchBucket" else error.bucket_name or bucket
        return _refusal(error, error.code or "", named, key)
    if isinstance(error, ServerError):
        return _refusal(error, _STATUSES.get(error.status_code, ""), bucket, key)
    if isinstance(error, InvalidResponseError):
        if error._code >= _SERVER_FAULT:
            return ResourceUnavailable(f"S3 is not available: it answered {error._code}")
        return StorageError(f"S3 answered {key!r} with something unreadable: {error}")
    if isinstance(error, MinioException):
        return StorageError(f"S3 could not do this to {key!r}: {error}")
    return _away(error)


_STATUSES = {412: "PreconditionFailed", 416: "InvalidRange", 503: "ServiceUnavailable"}
"""What a status means to which the server adds no code."""


def _refusal(error: Exception, code: str, bucket: str, key: str) -> FastNFuriousError:
    kind, words = _CODES.get(code, (StorageError, f"S3 could not do this to {{key!r}}: {error}"))
    return kind(words.format(key=key, bucket=bucket))


def _away(error: HTTPError) -> FastNFuriousError:
    reason = error.reason if isinstance(error, MaxRetryError) else error
    if isinstance(reason, ReadTimeoutError):
        return OperationTimeout("S3 has been silent for longer than S3_TIMEOUT_SECONDS")
    if isinstance(reason, ResponseError):
        return ResourceUnavailable(f"S3 keeps failing: {reason}")
    return ResourceUnavailable(
        f"S3 cannot be reached at the address in S3_ENDPOINT ({type(reason).__name__})"
    )


def close_response(response: BaseHTTPResponse) -> None:
    """Give the connection of an answer back to the pool; one that is half read is closed."""
    response.close()
    response.release_conn()


def object_headers(terms: WriteTerms) -> dict[str, Any]:
    """Return the headers that go with a new object."""
    headers = {f"{_META}{key}": value for key, value in terms.metadata.items()}
    if terms.tags:
        headers["x-amz-tagging"] = urlencode(terms.tags)
    return {"Content-Type": terms.content_type, **headers}


def condition_headers(terms: WriteTerms) -> dict[str, Any]:
    """Return the headers under which an object is written only if it is as expected."""
    headers = {"If-None-Match": "*"} if terms.if_none_match else {}
    if terms.if_match is not None:
        headers["If-Match"] = f'"{terms.if_match}"'
    return headers


def parts_document(etags: list[str]) -> bytes:
    """Return the document that puts the parts of an upload together."""
    root = ElementTree.Element("CompleteMultipartUpload")
    for number, etag in enumerate(etags, 1):
        part = ElementTree.SubElement(root, "Part")
        ElementTree.SubElement(part, "PartNumber").text = str(number)
        ElementTree.SubElement(part, "ETag").text = f'"{etag}"'
    return ElementTree.tostring(root)


def stat_of(key: str, headers: Mapping[str, str]) -> ObjectStat:
    """Return what an answer's headers tell about an object."""
    modified = headers.get("last-modified")
    total = headers.get("content-range", "").rpartition("/")[2]
    return ObjectStat(
        key,
        int(total or headers.get("content-length", "0")),
        headers.get("etag", "").strip('"'),
        parsedate_to_datetime(modified) if modified else datetime.fromtimestamp(0, UTC),
        content_type=headers.get("content-type", "application/octet-stream"),
        metadata={
            name.lower().removeprefix(_META): value
            for name, value in headers.items()
            if name.lower().startswith(_META)
        },
        version=headers.get("x-amz-version-id"),
    )


def first_byte(headers: Mapping[str, str]) -> int:
    """Return where the range of an answer begins."""
    span = headers.get("content-range", "").removeprefix("bytes ")
    return int(span.partition("-")[0] or 0)


def known_of(listed: Object) -> tuple[str, int, str, datetime]:
    """Return key, size, entity tag and time of an object in a listing."""
    modified = listed.last_modified or datetime.fromtimestamp(0, UTC)
    return (
        listed.object_name or "",
        listed.size or 0,
        listed.etag or "",
        modified.replace(microsecond=0),
    )


def age_of(listed: Object) -> tuple[bytes, bool, float]:
    """Return what puts versions in order: by key, the latest first, then the newest."""
    modified = listed.last_modified.timestamp() if listed.last_modified else 0.0
    return (listed.object_name or "").encode(), listed.is_latest != "true", -modified


class _Retries(Retry):
    """Try again, but not after a time limit: waiting once is what the caller asked for."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        *args: Any,
        **options: Any,
    ) -> Self:
        if isinstance(error, ReadTimeoutError):
            raise error
        return super().increment(method, url, response, error, *args, **options)


class _Pool(PoolManager):
    """Send nothing twice that has a condition: it would fail because it has succeeded."""

    def urlopen(  # type: ignore[override]
        self, method: str, url: str, redirect: bool = True, **options: Any
    ) -> BaseHTTPResponse:
        headers = options.get("headers") or {}
        if "If-Match" in headers or "If-None-Match" in headers:
            options["retries"] = False
        return super().urlopen(method, url, redirect, **options)


def pool_of(settings: S3Settings) -> PoolManager:
    """Return connections to the server, each call of which has an end."""
    return _Pool(
        num_pools=2,
        maxsize=settings.connections,
        block=True,
        timeout=Timeout(connect=settings.connect_timeout_seconds, read=settings.timeout_seconds),
        retries=_Retries(
            total=settings.retries, backoff_factor=0.1, status_forcelist=(500, 502, 503, 504)
        ),
    )
