"""Only what was pinned is installed, and nothing is left half-installed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from servers import installing
from servers.installing import maven_jars, output_of
from servers.server import ServerUnavailable


@pytest.fixture
def maven(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Fetch one file, and pin it."""

    def fetch(command: Sequence[str]) -> str:
        target = Path(command[-1].partition("=")[2])
        (target / "engine.jar").write_bytes(b"engine")
        return ""

    monkeypatch.setattr(installing, "output_of", fetch)
    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr(installing, "_REQUIREMENTS", tmp_path)
    right, wrong = (hashlib.sha256(content).hexdigest() for content in (b"engine", b"other"))
    (tmp_path / "right.sha256").write_text(f"{right}  engine.jar\n", encoding="utf-8")
    (tmp_path / "wrong.sha256").write_text(f"{wrong}  engine.jar\n", encoding="utf-8")


@pytest.mark.usefixtures("maven")
def test_what_was_pinned_is_installed_once(tmp_path: Path) -> None:
    """The second time the folder is there."""
    cache = tmp_path / "cache"
    folder = maven_jars(cache, "org.example:engine:1.0", "right.sha256")
    assert (folder / "engine.jar").read_bytes() == b"engine"
    (folder / "mark").touch()
    assert maven_jars(cache, "org.example:engine:1.0", "right.sha256") == folder
    assert (folder / "mark").exists()


@pytest.mark.usefixtures("maven")
def test_another_file_is_refused(tmp_path: Path) -> None:
    """The file is named, and the cache stays empty."""
    cache = tmp_path / "cache"
    with pytest.raises(ServerUnavailable, match="not what was pinned: engine.jar"):
        maven_jars(cache, "org.example:engine:1.0", "wrong.sha256")
    assert list(cache.iterdir()) == []


def test_a_command_that_fails_is_quoted() -> None:
    """The end of what it said is the reason."""
    with pytest.raises(ServerUnavailable, match="sh failed: no such luck"):
        output_of(["sh", "-c", "echo no such luck >&2; exit 3"])
