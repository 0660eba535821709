"""Copies of the template, for tests that render it many times or change it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from fastnfurious_generator import Template

ROOT = Path(__file__).resolve().parents[2]


def copy_template(folder: Path) -> None:
    """Copy the template alone, without its repository: Copier then has nothing to clone."""
    folder.mkdir()
    shutil.copy(ROOT / "copier.yml", folder)
    shutil.copytree(ROOT / "template", folder / "template")


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody who has an identity and no settings of their own."""
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    command = ["git", *identity, "-c", "commit.gpgsign=false", *arguments]
    done = subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout


@pytest.fixture(scope="session")
def plain_template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Return a copy of the template that is in no repository, as an installed wheel has it."""
    folder = tmp_path_factory.mktemp("template") / "plain"
    copy_template(folder)
    return Template(folder)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository of the template alone, with one release, ``v0.1.0``."""
    folder = tmp_path / "repository"
    copy_template(folder)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=One")
    git(folder, "tag", "v0.1.0")
    return folder
