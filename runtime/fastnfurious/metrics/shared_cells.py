"""Numbers in a file that the other workers can read while they are written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.utils import floatToGoString

__all__ = ["SharedCells"]

_File: Any = MmapedDict
_title: Any = floatToGoString


class SharedCells:
    """Hold numbers in the format of ``prometheus_client``'s files for several processes.

    Args:
        folder: Where the workers' files are.
        kind: How the workers are added up: ``histogram``, ``gauge_livesum`` …
        owner: Tells the files of one kind in one process apart.
    """

    __slots__ = ("values", "_file")

    def __init__(self, folder: Path, kind: str, owner: str) -> None:
        # The collector reads the kind from the first parts of the name and ignores the rest, so
        # this file can stand beside the one that prometheus_client keeps for the same process.
        self._file = _File(str(folder / f"{kind}_{os.getpid()}-{owner}.db"))
        self.values: Any = ()
        self._map()

    def _map(self) -> None:
        # A file that grows is mapped anew; earlier views show the same memory.
        self.values = memoryview(self._file._m).cast("d")

    def reserve(
        self, metric: str, sample: str, help: str, labels: Mapping[str, str], le: float | None
    ) -> int:
        """Return the position of a sample's number; see `Cells.reserve`."""
        named = dict(labels) if le is None else {**labels, "le": _title(le)}
        key = mmap_key(metric, sample, list(named), list(named.values()), help)
        self._file.read_value(key)
        self._map()
        return int(self._file._positions[key]) // 8

    def close(self) -> None:
        """Release the file; the others can still read it."""
        self.values.release()
        self._file.close()
