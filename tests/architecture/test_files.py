"""What is under version control speaks of the project alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, tracked_files

LEAKS = {
    "a home folder of some machine": re.compile(
        r"(?<![\w.~-])/(?:home|Users)/(?!app\b|\{)\w+|(?<![\w.~-])/root/|[A-Z]:\\+Users\\"
    ),
    "a folder of some machine": re.compile(r"(?<![\w.~/-])/(?:work|workspace|mnt|media)/\w"),
    "the host of a package registry": re.compile(
        r"(?:\bpypi|\bfiles\.pythonhosted|\bregistry\.npmjs|\bproxy\.golang|\brepo1?\.maven|"
        r"\bdeb\.debian|\bindex\.docker)\.(?:org|io)|--(?:extra-)?index-url"
    ),
}
ALLOWED = {Path(__file__)}
MOST_CONDITIONS = 0.03


@pytest.mark.parametrize("leak", LEAKS)
def test_no_tracked_file_names(leak: str) -> None:
    """A checkout works anywhere, so nothing in it points to where it was made."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in tracked_files()
        if path not in ALLOWED
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if LEAKS[leak].search(line)
    ]
    assert found == []


def test_templates_hold_few_conditions() -> None:
    """Conditions select whole files by their paths; inside files they stay rare."""
    files = [path for path in tracked_files() if path.is_relative_to(ROOT / "template")]
    lines = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    conditions = [line for line in lines if "{%" in line]
    assert len(conditions) <= MOST_CONDITIONS * len(lines), f"{len(conditions)} of {len(lines)}"
