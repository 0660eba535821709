"""Metrics of several worker processes: a folder in which each can read the others' numbers.

The parent calls `prepare_workers` before it starts any worker, `forget_worker` when one has ended,
and `forget_workers` at its own end. The workers need nothing: they find the folder by themselves.

*Source:* https://prometheus.github.io/client_python/multiprocess/
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

try:
    import fcntl
except ImportError:  # on Windows; several workers share one port on POSIX only
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from prometheus_client.core import Metric

__all__ = [
    "FOLDER_VARIABLE",
    "forget_worker",
    "forget_workers",
    "merged_metrics",
    "prepare_workers",
    "workers_folder",
]

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable that names the folder; ``prometheus_client`` reads it too."""

_RETIRED = "retired"
_ADDED_UP = ("counter", "histogram", "summary")
_made: set[Path] = set()


def workers_folder() -> Path | None:
    """Return the folder that the workers share; ``None`` when the process is alone."""
    variable = os.environ.get(FOLDER_VARIABLE)
    if not variable:
        return None
    folder = Path(variable)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def prepare_workers() -> Path:
    """Make the folder empty and known to the workers that are started from now on.

    Returns:
        The folder: a new one, or the one that ``PROMETHEUS_MULTIPROC_DIR`` names.
    """
    folder = workers_folder()
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="metrics-"))
        _made.add(folder)
        os.environ[FOLDER_VARIABLE] = str(folder)
    for left in folder.glob("*.db"):
        left.unlink()
    return folder


def forget_workers() -> None:
    """Remove what `prepare_workers` has made; without it, do nothing."""
    folder = workers_folder()
    if folder is not None and folder in _made:
        _made.discard(folder)
        del os.environ[FOLDER_VARIABLE]
        shutil.rmtree(folder, ignore_errors=True)


def forget_worker(pid: int) -> None:
    """Clean up after a worker that has ended; without `prepare_workers`, do nothing.

    What it counted stays in the totals, in one file for all that have ended, so that a counter
    never goes back and the folder does not grow. What it had in progress is gone.

    Args:
        pid: Process id of the worker.
    """
    folder = workers_folder()
    if folder is None:
        return
    with _locked(folder, exclusive=True):
        for gauge in _files_of(folder, pid, "gauge_live*"):
            gauge.unlink()
        for kind in _ADDED_UP:
            _retire(folder, kind, pid)


def _files_of(folder: Path, pid: int, kind: str) -> list[Path]:
    return [*folder.glob(f"{kind}_{pid}.db"), *folder.glob(f"{kind}_{pid}-*.db")]


def _retire(folder: Path, kind: str, pid: int) -> None:
    from prometheus_client.mmap_dict import MmapedDict, mmap_key
    from prometheus_client.multiprocess import MultiProcessCollector

    ended = _files_of(folder, pid, kind)
    if not ended:
        return
    retired, new = folder / f"{kind}_{_RETIRED}.db", folder / f"{kind}_{_RETIRED}.new"
    together: Any = MultiProcessCollector.merge
    new.unlink(missing_ok=True)
    file: Any = _open(MmapedDict, new)
    counted = [path for path in (*ended, retired) if path.exists() and path.stat().st_size]
    for metric in together(list(map(str, counted)), False):
        for name, labels, value, *_ in metric.samples:
            key = mmap_key(
                metric.name, name, list(labels), list(labels.values()), metric.documentation
            )
            file.write_value(key, value, 0.0)
    file.close()
    new.replace(retired)
    for path in ended:
        path.unlink()


def _open(kind: Any, path: Path) -> Any:
    return kind(str(path))


def merged_metrics(folder: Path) -> list[Metric]:
    """Return the metrics of all workers, added up."""
    from prometheus_client.multiprocess import MultiProcessCollector

    merge: Any = MultiProcessCollector.merge
    with _locked(folder, exclusive=False):
        # A worker that is starting has made a file and not yet given it its size.
        files = [str(path) for path in sorted(folder.glob("*.db")) if path.stat().st_size]
        return list(merge(files, True))


@contextmanager
def _locked(folder: Path, *, exclusive: bool) -> Iterator[None]:
    """Keep a scrape from seeing a worker twice, or not at all, while it is being retired."""
    with open(folder / "lock", "ab") as file:
        _lock(file, exclusive)
        yield


def _lock(file: IO[bytes], exclusive: bool) -> None:
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
