"""Numbers that are cheap to add to: in this process alone, or readable by the other workers.

Adding to a cell is one list or memory access, about a tenth of what ``prometheus_client`` spends
on locks and calls, because only the event loop's thread writes.
"""

from __future__ import annotations

import os
from collections.abc import MutableSequence
from pathlib import Path
from typing import Any, Protocol

from prometheus_client.mmap_dict import MmapedDict, mmap_key

__all__ = ["Cells", "LocalCells", "SharedCells"]

_File: Any = MmapedDict


class Cells(Protocol):
    """Hold numbers by position.

    Attributes:
        values: The numbers; read the attribute anew after each `reserve`.
    """

    values: MutableSequence[float]

    def reserve(self, metric: str, sample: str, labels: dict[str, str], help: str) -> int:
        """Return the position of a sample's number, which starts at zero."""
        ...

    def close(self) -> None:
        """Release everything; the numbers stay readable for other workers."""
        ...


class LocalCells:
    """Hold numbers in a list."""

    def __init__(self) -> None:
        self.values: MutableSequence[float] = []

    def reserve(self, metric: str, sample: str, labels: dict[str, str], help: str) -> int:
        """Return the position of a new number."""
        self.values.append(0.0)
        return len(self.values) - 1

    def close(self) -> None:
        """Do nothing; the numbers stay."""


class SharedCells:
    """Hold numbers in a file that ``prometheus_client``'s collector for several processes reads.

    Args:
        folder: Where the workers' files are.
        kind: How the collector adds the workers up: ``histogram``, or ``gauge_livesum``.
        number: Tells several applications in one process apart.
    """

    def __init__(self, folder: Path, kind: str, number: int) -> None:
        # The collector reads the kind from the name's first parts and ignores the rest, so that
        # this file stands beside the one that prometheus_client itself keeps for the process.
        self._file: Any = _File(str(folder / f"{kind}_{os.getpid()}-http{number}.db"))
        self.values: Any = ()
        self._map()

    def _map(self) -> None:
        # A file that grows is mapped anew by MmapedDict; earlier maps show the same memory.
        self.values = memoryview(self._file._m).cast("d")

    def reserve(self, metric: str, sample: str, labels: dict[str, str], help: str) -> int:
        """Return the position of a sample's number; a restarted worker goes on where it was."""
        key = mmap_key(metric, sample, list(labels), list(labels.values()), help)
        self._file.read_value(key)
        self._map()
        return int(self._file._positions[key]) // 8

    def close(self) -> None:
        """Release the file."""
        self.values.release()
        self._file.close()
