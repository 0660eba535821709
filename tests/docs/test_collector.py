"""The collector runs what a page shows, and tells a true page from a false one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks


def _page(folder: Path, text: str) -> Path:
    page = folder / "page.md"
    page.write_text(text.replace("'''", "```"), encoding="utf-8")
    return page


def _run(page: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tests" / "docs" / "pages.py"), str(page)]
    return subprocess.run(command, cwd=page.parent, capture_output=True, text=True, timeout=60)


def test_blocks_of_a_page_share_their_names(tmp_path: Path) -> None:
    """A later block sees what an earlier one defined."""
    page = _page(tmp_path, "'''python\nseven = 7\n'''\n\n'''python\nassert seven == 7\n'''\n")
    assert _run(page).returncode == 0


def test_a_failure_names_the_line_of_the_page(tmp_path: Path) -> None:
    """Whoever reads the failure finds the wrong line in the page itself."""
    done = _run(_page(tmp_path, "# Title\n\n'''python\nfine = 1\nassert not fine\n'''\n"))
    assert done.returncode != 0
    assert 'page.md", line 5' in done.stderr


@pytest.mark.parametrize(
    ("shown", "true"),
    [
        ("one\ntwo\nthree", True),
        ("one\n...\nthree", True),
        ("one\n...", True),
        ("…e\nt…o\nthree", True),
        ("one\ntwo", False),
        ("one\n...\nfour", False),
        ("one\nt…r\nthree", False),
    ],
)
def test_output_is_compared_with_what_the_page_shows(
    tmp_path: Path, shown: str, true: bool
) -> None:
    """An ellipsis stands for a part of a line, three dots for any lines, all else for itself."""
    page = _page(tmp_path, f"'''console\n$ printf 'one\\ntwo\\nthree\\n'\n{shown}\n'''\n")
    assert (_run(page).returncode == 0) is true


def test_a_command_that_fails_without_a_word_on_the_page_fails_it(tmp_path: Path) -> None:
    """A command whose output is not shown has to succeed."""
    assert _run(_page(tmp_path, "'''console\n$ false\n'''\n")).returncode != 0
    assert _run(_page(tmp_path, "'''console\n$ true \\\n    && true\n'''\n")).returncode == 0


def test_a_titled_block_becomes_a_file_and_a_test_is_run(tmp_path: Path) -> None:
    """A page can build a small project; the tests among its files have to pass."""
    seven = "'''python title=\"lib/seven.py\"\nSEVEN = 7\n'''\n\n"
    tested = (
        "'''python title=\"test_seven.py\"\nfrom lib.seven import SEVEN\n\n\n"
        "def test_it():\n    assert SEVEN == {}\n'''\n"
    )
    assert _run(_page(tmp_path, seven + tested.format(7))).returncode == 0
    assert _run(_page(tmp_path, seven + tested.format(8))).returncode != 0


def test_a_title_stays_inside_the_folder_of_the_page(tmp_path: Path) -> None:
    """A page cannot write over files of the reader or of the repository."""
    done = _run(_page(tmp_path, "'''python title=\"../away.py\"\n'''\n"))
    assert "a path inside the page's folder" in done.stderr


def test_a_block_that_is_not_run_says_why(tmp_path: Path) -> None:
    """The paragraph right above a block takes it out, with its reason."""
    page = _page(tmp_path, "*Not run: it would end the world.*\n\n'''python\n1 / 0\n'''\n")
    (block,) = blocks(page)
    assert (block.not_run, block.runs) == ("it would end the world", False)
    assert _run(page).returncode == 0


def test_a_block_inside_a_list_loses_its_indentation(tmp_path: Path) -> None:
    """Blocks in lists, tabs and admonitions are run like any other."""
    (block,) = blocks(_page(tmp_path, "- a point\n\n    '''python\n    x = 1\n    '''\n"))
    assert (block.code, block.line) == ("x = 1\n", 4)


def test_a_page_has_one_shell(tmp_path: Path) -> None:
    """A folder that was gone to, and a variable that was set, are there for later blocks."""
    begun = "'''console\n$ mkdir shop && cd shop\n$ export COLOUR=red\n'''\n\n"
    file = "'''text title=\"sign.txt\"\nopen\n'''\n\n"
    looked = "'''console\n$ echo $COLOUR && cat sign.txt\nred\nopen\n'''\n"
    assert _run(_page(tmp_path, begun + file + looked)).returncode == 0
    assert (tmp_path / "shop" / "sign.txt").exists()


def test_a_service_runs_while_the_page_goes_on(tmp_path: Path) -> None:
    """A block that serves is started on a free port in place of 8000, and ended with the page."""
    serving = (
        "``` { .console .serving }\n"
        "$ python -u -m http.server --bind 127.0.0.1 8000\nServing HTTP on … port 8000 …\n```\n\n"
    )
    asked = "'''console\n$ curl -s http://127.0.0.1:8000/ | head -1\n<!DOCTYPE HTML>\n'''\n"
    done = _run(_page(tmp_path, serving + asked))
    assert done.returncode == 0, done.stderr
