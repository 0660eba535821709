"""What the pages show is what happens: their code runs, and what is not run says why."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from tests.docs.pages import ROOT, blocks, documents

_RUNNER = ROOT / "tests" / "docs" / "pages.py"
_LANGUAGES = {
    "python",
    "console",
    "text",
    "json",
    "yaml",
    "toml",
    "ini",
    "http",
    "html",
    "markdown",
}


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _look_like_the_readers(folder: Path, page: Path) -> None:
    # Whoever reads a page at the root of the repository types its commands there; whoever reads
    # another has the checkout beside them.
    if page.parent != ROOT:
        (folder / "fastnfurious").symlink_to(ROOT)
        return
    for file in ROOT.iterdir():
        if file.is_file():
            (folder / file.name).symlink_to(file)


def _story(page: Path) -> ParameterSet:
    # The tutorial makes an environment and installs a service in it.
    marks = [pytest.mark.slow] if page.parent.name == "tutorial" else []
    return pytest.param(page, marks=marks, id=_name(page))


_STORIES = [_story(page) for page in documents() if any(block.runs for block in blocks(page))]


@pytest.mark.parametrize("page", _STORIES)
def test_every_block_of_a_page_does_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    """The blocks of a page run in order, in one process, and print what is shown."""
    _look_like_the_readers(tmp_path, page)
    environment = {**os.environ, "ENVIRONMENT": "development", "COLUMNS": "100"}
    environment.pop("COVERAGE_PROCESS_START", None)
    # Where pytest finds this, it shows more than a reader sees.
    environment.pop("CI", None)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(_RUNNER), str(page)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, f"{_name(page)}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", documents(), ids=_name)
def test_a_block_that_is_not_run_carries_a_reason(page: Path) -> None:
    """A reader can see which blocks nobody has run, and a sentence says why."""
    short = [
        block.place for block in blocks(page) if len((block.not_run or "long enough").split()) < 2
    ]
    assert not short, f"say why these are not run: {short}"


@pytest.mark.parametrize("page", documents(), ids=_name)
def test_every_block_says_what_it_is(page: Path) -> None:
    """Each block names a language of the list, so that none escapes the tests by another name."""
    other = [f"{b.place} ({b.language!r})" for b in blocks(page) if b.language not in _LANGUAGES]
    assert not other, f"use one of {sorted(_LANGUAGES)}: {other}"
