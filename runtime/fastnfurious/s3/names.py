"""Which names, metadata, tags and times are accepted: the same for every server.

*Source:* https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html; where servers differ, only
what all of them keep is accepted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fastnfurious.s3.errors import InvalidArgument

__all__ = [
    "LONGEST_EXPIRY",
    "check_bucket",
    "check_expiry",
    "check_key",
    "check_metadata",
    "check_tags",
]

LONGEST_EXPIRY = 7 * 24 * 3600
"""Seconds for which a presigned URL may hold at most."""

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+", re.ASCII)
_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*", re.ASCII)
_WORDS = re.compile(r"[!-~]([ -~]*[!-~])?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_KEY = 1024
_MOST_METADATA = 2048
_MOST_TAGS = 10


def check_bucket(name: str) -> str:
    """Return the name of a bucket.

    Raises:
        InvalidArgument: No S3 server would take it.

    Example:
        >>> check_bucket("models")
        'models'
    """
    parts = name.split(".")
    if not _BUCKET.fullmatch(name) or not all(parts) or _ADDRESS.fullmatch(name):
        raise InvalidArgument(
            f"{name!r} cannot name a bucket: take 3 to 63 lower-case letters, digits and hyphens"
        )
    if any(part.startswith("-") or part.endswith("-") for part in parts):
        raise InvalidArgument(f"{name!r} cannot name a bucket: a hyphen stands beside a dot")
    return name


def check_key(key: str) -> str:
    """Return the key of an object.

    Raises:
        InvalidArgument: Not every S3 server would keep it.

    Example:
        >>> check_key("2026/report.pdf")
        '2026/report.pdf'
    """
    size = len(key.encode("utf-8", "replace"))
    if not key.strip() or size > _LONGEST_KEY:
        raise InvalidArgument(f"A key has 1 to {_LONGEST_KEY} bytes, {key[:40]!r} has {size}")
    if _CONTROL.search(key) or not _is_text(key):
        raise InvalidArgument(f"{key!r} cannot be a key: it holds control characters")
    if {".", ".."} & set(key.split("/")) or "//" in key or key.startswith("/"):
        raise InvalidArgument(f"{key!r} cannot be a key: it has an empty part, or one of dots")
    return key


def check_metadata(metadata: Mapping[str, str] | None) -> dict[str, str]:
    """Return metadata as it will be read again, with keys in lower case.

    Raises:
        InvalidArgument: It cannot travel in headers, or is longer than 2 KiB.

    Example:
        >>> check_metadata({"Author": "Ada"})
        {'author': 'Ada'}
    """
    checked = {key.lower(): value for key, value in (metadata or {}).items()}
    for key, value in checked.items():
        if not _HEADER.fullmatch(key) or (value and not _WORDS.fullmatch(value)):
            raise InvalidArgument(
                f"The metadata {key!r}: {value!r} cannot travel in a header: "
                "encode what is not plain ASCII, for example with urllib.parse.quote"
            )
    if sum(len(key) + len(value) for key, value in checked.items()) > _MOST_METADATA:
        raise InvalidArgument(f"The metadata is longer than {_MOST_METADATA} bytes: store it apart")
    return checked


def check_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    """Return the tags of an object.

    Raises:
        InvalidArgument: There are more than 10, or one is too long.
    """
    checked = dict(tags or {})
    if len(checked) > _MOST_TAGS:
        raise InvalidArgument(f"An object has at most {_MOST_TAGS} tags, not {len(checked)}")
    for key, value in checked.items():
        if not 0 < len(key) <= 128 or len(value) > 256 or "&" in key + value:
            raise InvalidArgument(
                f"The tag {key!r}: {value!r} is not accepted: a key has 1 to 128 characters, "
                "a value up to 256, and neither an ampersand"
            )
    return checked


def check_expiry(seconds: float) -> int:
    """Return for how long a presigned URL holds, in whole seconds.

    Raises:
        InvalidArgument: It is less than a second or more than 7 days.
    """
    if not 1 <= seconds <= LONGEST_EXPIRY:
        raise InvalidArgument(
            f"A presigned URL holds for 1 to {LONGEST_EXPIRY} seconds, not for {seconds}"
        )
    return int(seconds)


def _is_text(key: str) -> bool:
    try:
        key.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
