"""The signing keys of the issuer in the process."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from fastnfurious.core.identifiers import new_identifier

__all__ = ["ALGORITHM", "KeyRing"]

ALGORITHM = "ES256"
"""How it signs: with keys that are made in a moment, unlike RSA's."""


class KeyRing:
    """Keep signing keys, the newest first.

    In a folder they are shared: workers, and the command that makes tokens, all sign with the same
    key, and a token outlives a restart.

    Args:
        folder: Where to keep them; ``None`` for only in memory.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._file = None if folder is None else folder / "keys.json"
        self._in_memory: list[dict[str, Any]] = []

    @property
    def current(self) -> ECKey:
        """Return the key to sign with; it is made when it is first needed."""
        return ECKey.import_key(self._private()[0])

    def published(self) -> list[dict[str, Any]]:
        """Return the public half of every key."""
        keys = [ECKey.import_key(key) for key in self._private()]
        return [{**key.as_dict(private=False), "use": "sig", "alg": ALGORITHM} for key in keys]

    def rotate(self, *, keep: bool = False) -> None:
        """Sign with a new key from now on.

        Args:
            keep: Still publish the old keys, so that tokens they signed are good to their end.
        """
        self._write([_new_key(), *(self._private() if keep else [])])

    def _private(self) -> list[dict[str, Any]]:
        keys = self._read()
        if not keys:
            self._write([_new_key()], replace=False)
            keys = self._read()
        return keys

    def _read(self) -> list[dict[str, Any]]:
        if self._file is None:
            return self._in_memory
        try:
            return list(json.loads(self._file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return []

    def _write(self, keys: list[dict[str, Any]], *, replace: bool = True) -> None:
        if self._file is None:
            self._in_memory = keys
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(f".{new_identifier()}")
        # Complete before it has its name, and nobody else's to read.
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(keys, file)
        try:
            _place(fresh, self._file, replace=replace)
        finally:
            fresh.unlink(missing_ok=True)


def _place(fresh: Path, file: Path, *, replace: bool) -> None:
    if replace:
        fresh.replace(file)
        return
    # Of two processes that make the first key, one wins, and both use it.
    with suppress(FileExistsError):
        os.link(fresh, file)


def _new_key() -> dict[str, Any]:
    return dict(ECKey.generate_key("P-256", {"kid": new_identifier()}).as_dict(private=True))
