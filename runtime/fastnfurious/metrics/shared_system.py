"""The process's own numbers where the other workers can read them.

Nobody can ask another process how often it collected garbage, so each worker writes its numbers
down every few seconds, and before it answers a scrape.
"""

from __future__ import annotations

import os
from itertools import chain
from pathlib import Path
from typing import ClassVar

from fastnfurious.metrics.shared_cells import SharedCells
from fastnfurious.metrics.system import garbage_metrics, process_metrics

__all__ = ["SharedSystem"]

_KINDS = {"process_start_time_seconds": "gauge_livemin"}
_USUAL = {"counter": "counter", "gauge": "gauge_livesum"}


class SharedSystem:
    """Write down processor time, memory, open files and garbage collections of this worker.

    Args:
        folder: Folder of the workers' files.
    """

    _claimed: ClassVar[set[int]] = set()

    def __init__(self, folder: Path) -> None:
        self._cells = {
            kind: SharedCells(folder, kind, "system")
            for kind in ("counter", "gauge_livesum", "gauge_livemin")
        }
        self._positions: dict[str, int] = {}

    @classmethod
    def claim(cls, folder: Path) -> SharedSystem | None:
        """Return the writer of this process; ``None`` if another application here has it."""
        if os.getpid() in cls._claimed:
            return None
        cls._claimed.add(os.getpid())
        return cls(folder)

    def refresh(self) -> None:
        """Write the numbers of this moment."""
        for metric in chain(process_metrics(), garbage_metrics()):
            cells = self._cells[_KINDS.get(metric.name, _USUAL[metric.type])]
            for sample in metric.samples:
                key = f"{sample.name}{sample.labels}"
                if key not in self._positions:
                    self._positions[key] = cells.reserve(
                        metric.name, sample.name, metric.documentation, sample.labels, None
                    )
                cells.values[self._positions[key]] = sample.value

    def close(self) -> None:
        """Release the files; the others can still read them."""
        for cells in self._cells.values():
            cells.close()
        self._claimed.discard(os.getpid())
