"""The bytes of objects, apart from what is known about them: in files or in memory.

A blob is written under a name that nobody knows, never changed, and named in the index when it is
complete; a reader that has it open can finish although it was deleted meanwhile.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import uuid4

__all__ = ["Blobs", "FolderBlobs", "MemoryBlobs"]


class Blobs(Protocol):
    """Keep bytes under names of their own."""

    def create(self) -> tuple[str, BinaryIO]:
        """Return the name of a new blob, and where to write it."""
        ...

    def finish(self, name: str, file: BinaryIO) -> None:
        """Make what was written permanent."""
        ...

    def open(self, name: str) -> BinaryIO:
        """Return a blob for reading.

        Raises:
            FileNotFoundError: It has been deleted.
        """
        ...

    def delete(self, name: str) -> None:
        """Delete a blob, finished or not; it is no error if there is none."""
        ...


class FolderBlobs:
    """Keep blobs in files.

    Args:
        folder: Where; created with the first blob.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self) -> tuple[str, BinaryIO]:
        """Return the name of a new blob, and the file to write."""
        name = uuid4().hex
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return name, open(path, "xb")

    def finish(self, name: str, file: BinaryIO) -> None:
        """Have the bytes on the disk before anything names them."""
        file.flush()
        os.fsync(file.fileno())
        file.close()

    def open(self, name: str) -> BinaryIO:
        """Return the file.

        Raises:
            FileNotFoundError: It has been deleted.
        """
        return open(self._path(name), "rb")

    def delete(self, name: str) -> None:
        """Delete the file."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name


class MemoryBlobs:
    """Keep blobs in memory, for tests."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}

    def create(self) -> tuple[str, BinaryIO]:
        """Return the name of a new blob, and a buffer to write."""
        return uuid4().hex, io.BytesIO()

    def finish(self, name: str, file: BinaryIO) -> None:
        """Keep what the buffer holds."""
        file.seek(0)
        self._blobs[name] = file.read()

    def open(self, name: str) -> BinaryIO:
        """Return the blob.

        Raises:
            FileNotFoundError: It has been deleted.
        """
        if name not in self._blobs:
            raise FileNotFoundError(name)
        return io.BytesIO(self._blobs[name])

    def delete(self, name: str) -> None:
        """Forget the blob."""
        self._blobs.pop(name, None)
