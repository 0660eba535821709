"""The database that runs in the process: SQLite in a file of the service."""

from __future__ import annotations

from pathlib import Path

__all__ = ["PRAGMAS", "embedded_url", "prepare_folder"]

PRAGMAS = (
    # Readers and one writer do not wait for each other.
    "PRAGMA journal_mode = WAL",
    # Safe with a write-ahead log, and much faster.
    "PRAGMA synchronous = NORMAL",
    # SQLite ignores foreign keys unless it is told, for each connection.
    "PRAGMA foreign_keys = ON",
)
"""What every connection to SQLite is told first."""


def embedded_url(file: Path) -> str:
    """Return the address of the database in a file.

    Example:
        >>> embedded_url(Path("/tmp/shop.sqlite3"))
        'sqlite:////tmp/shop.sqlite3'
    """
    return f"sqlite:///{file.absolute()}"


def prepare_folder(file: Path) -> None:
    """Create the folder of the database, closed to other accounts."""
    file.absolute().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
