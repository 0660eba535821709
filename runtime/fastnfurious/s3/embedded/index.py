"""What is known about the objects of the stand-in: an SQLite database, in a file or in memory.

SQLite compares keys by their UTF-8 bytes, which is the order of an S3 listing, and makes a
condition and the write that depends on it one step, also between processes.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastnfurious.s3.errors import (
    BucketExists,
    BucketNotEmpty,
    BucketNotFound,
    ObjectNotFound,
    PreconditionFailed,
)
from fastnfurious.s3.terms import WriteTerms

__all__ = ["Entry", "ObjectIndex"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS bucket (name TEXT PRIMARY KEY, versioned INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS object (
    number INTEGER PRIMARY KEY AUTOINCREMENT, bucket TEXT NOT NULL, key TEXT NOT NULL,
    version TEXT, blob TEXT, size INTEGER NOT NULL, etag TEXT NOT NULL, modified INTEGER NOT NULL,
    content_type TEXT NOT NULL, metadata TEXT NOT NULL, tags TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS object_key ON object (bucket, key, number);
"""
_COLUMNS = "key, version, blob, size, etag, modified, content_type, metadata, tags"
_LATEST = "number = (SELECT max(number) FROM object WHERE bucket = o.bucket AND key = o.key)"
_BUSY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Entry:
    """Describe one version of an object.

    Attributes:
        key: Name within the bucket.
        version: Identifier; ``None`` where the bucket keeps no versions.
        blob: Name of its bytes; ``None`` when it only marks a deletion.
        size: Length in bytes.
        etag: Entity tag.
        modified: When it was written.
        terms: What it was written with.
    """

    key: str
    version: str | None
    blob: str | None
    size: int
    etag: str
    modified: datetime
    terms: WriteTerms


class ObjectIndex:
    """Know the buckets, and every version of every object in them.

    Methods that replace or delete return the blobs that nothing names any more.

    Args:
        path: File of the database; ``None`` keeps it in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._database = sqlite3.connect(
            ":memory:" if path is None else path,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        if path is not None:
            self._database.execute("PRAGMA journal_mode = WAL")
        self._database.executescript(_SCHEMA)
        weakref.finalize(self, self._database.close)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._database.close()

    def create_bucket(self, name: str, versioned: bool) -> None:
        """Add a bucket.

        Raises:
            BucketExists: There is one of that name.
        """
        with self._writing():
            if self._rows("SELECT 1 FROM bucket WHERE name = ?", name):
                raise BucketExists(f"There is a bucket {name!r} already")
            self._rows("INSERT INTO bucket VALUES (?, ?)", name, versioned)

    def ensure_buckets(self, names: Iterable[str]) -> None:
        """Add the buckets that are missing."""
        with self._writing():
            for name in names:
                self._rows("INSERT OR IGNORE INTO bucket VALUES (?, FALSE)", name)

    def bucket_names(self) -> tuple[str, ...]:
        """Return the names of all buckets, sorted."""
        with self._lock:
            return tuple(row[0] for row in self._rows("SELECT name FROM bucket ORDER BY name"))

    def delete_bucket(self, name: str) -> None:
        """Remove an empty bucket.

        Raises:
            BucketNotFound: There is none of that name.
            BucketNotEmpty: It holds objects or versions.
        """
        with self._writing():
            self._is_versioned(name)
            if self._rows("SELECT 1 FROM object WHERE bucket = ? LIMIT 1", name):
                raise BucketNotEmpty(
                    f"The bucket {name!r} is not empty: delete its objects first, "
                    "and all versions of them"
                )
            self._rows("DELETE FROM bucket WHERE name = ?", name)

    def find(self, bucket: str, key: str, version: str | None) -> Entry:
        """Return an object.

        Raises:
            BucketNotFound: There is no such bucket.
            ObjectNotFound: There is no such object, or it was deleted.
        """
        with self._lock:
            self._is_versioned(bucket)
            entry = self._find(bucket, key, version)
        if entry is None or entry.blob is None:
            raise _missing(bucket, key, version)
        return entry

    def add(self, bucket: str, entry: Entry, new_version: str) -> tuple[str | None, list[str]]:
        """Add an object if the terms allow it, and return its version.

        Raises:
            BucketNotFound: There is no such bucket.
            PreconditionFailed: The object is not as the terms want it.
            ObjectNotFound: The terms want one, and there is none.
        """
        with self._writing():
            versioned = self._is_versioned(bucket)
            self._check_terms(bucket, entry)
            freed = [] if versioned else self._remove(bucket, entry.key, None)
            version = new_version if versioned else None
            self._insert(bucket, entry, version)
        return version, freed

    def delete(self, bucket: str, key: str, version: str | None, marker: Entry) -> list[str]:
        """Remove an object; where versions are kept, add the marker that hides it.

        Raises:
            BucketNotFound: There is no such bucket.
        """
        with self._writing():
            versioned = self._is_versioned(bucket)
            if version is not None or not versioned:
                return self._remove(bucket, key, version)
            self._insert(bucket, marker, marker.version)
        return []

    def page(self, bucket: str, prefix: str, after: str, size: int) -> list[Entry]:
        """Return the objects that follow, in order.

        Raises:
            BucketNotFound: There is no such bucket.
        """
        query = (
            f"SELECT {_COLUMNS} FROM object o WHERE bucket = ? AND key >= ? AND key > ? "
            f"AND blob IS NOT NULL AND {_LATEST} ORDER BY key LIMIT ?"
        )
        with self._lock:
            self._is_versioned(bucket)
            rows = self._rows(query, bucket, prefix, after, size)
        return [entry for entry in map(_entry, rows) if entry.key.startswith(prefix)]

    def versions(self, bucket: str, prefix: str) -> list[Entry]:
        """Return every version below a prefix, newest first for each key.

        Raises:
            BucketNotFound: There is no such bucket.
        """
        query = (
            f"SELECT {_COLUMNS} FROM object WHERE bucket = ? AND key >= ? "
            "ORDER BY key, number DESC"
        )
        with self._lock:
            self._is_versioned(bucket)
            rows = self._rows(query, bucket, prefix)
        return [entry for entry in map(_entry, rows) if entry.key.startswith(prefix)]

    def require_bucket(self, name: str) -> None:
        """Make sure that a bucket is there, before its bytes are sent.

        Raises:
            BucketNotFound: There is none of that name.
        """
        with self._lock:
            self._is_versioned(name)

    def _is_versioned(self, bucket: str) -> bool:
        rows = self._rows("SELECT versioned FROM bucket WHERE name = ?", bucket)
        if not rows:
            raise BucketNotFound(
                f"There is no bucket {bucket!r}: create it, or list it in S3_BUCKETS"
            )
        return bool(rows[0][0])

    def _find(self, bucket: str, key: str, version: str | None) -> Entry | None:
        which = "" if version is None else "AND version = ?"
        query = (
            f"SELECT {_COLUMNS} FROM object WHERE bucket = ? AND key = ? {which} "
            "ORDER BY number DESC LIMIT 1"
        )
        rows = self._rows(query, bucket, key, *(() if version is None else (version,)))
        return _entry(rows[0]) if rows else None

    def _check_terms(self, bucket: str, entry: Entry) -> None:
        terms = entry.terms
        if terms.if_match is None and not terms.if_none_match:
            return
        present = self._find(bucket, entry.key, None)
        exists = present is not None and present.blob is not None
        if terms.if_none_match and exists:
            raise PreconditionFailed(f"There is an object {entry.key!r} already")
        if terms.if_match is None:
            return
        if present is None or not exists:
            raise _missing(bucket, entry.key, None)
        if present.etag != terms.if_match:
            raise PreconditionFailed(f"The object {entry.key!r} has been changed meanwhile")

    def _insert(self, bucket: str, entry: Entry, version: str | None) -> None:
        self._rows(
            f"INSERT INTO object (bucket, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            bucket,
            entry.key,
            version,
            entry.blob,
            entry.size,
            entry.etag,
            int(entry.modified.timestamp()),
            entry.terms.content_type,
            json.dumps(dict(entry.terms.metadata)),
            json.dumps(dict(entry.terms.tags)),
        )

    def _remove(self, bucket: str, key: str, version: str | None) -> list[str]:
        rows = self._rows(
            "DELETE FROM object WHERE bucket = ? AND key = ? AND version IS ? RETURNING blob",
            bucket,
            key,
            version,
        )
        return [row[0] for row in rows if row[0] is not None]

    def _rows(self, query: str, *values: Any) -> list[Any]:
        return self._database.execute(query, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")


def _missing(bucket: str, key: str, version: str | None) -> ObjectNotFound:
    which = "" if version is None else f" in version {version!r}"
    return ObjectNotFound(f"There is no object {key!r}{which} in the bucket {bucket!r}")


def _entry(row: Any) -> Entry:
    key, version, blob, size, etag, modified, content_type, metadata, tags = row
    terms = WriteTerms(content_type, json.loads(metadata), json.loads(tags))
    return Entry(key, version, blob, size, etag, datetime.fromtimestamp(modified, UTC), terms)
