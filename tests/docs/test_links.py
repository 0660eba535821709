"""Links in the pages that the site does not hold lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

_LINK = re.compile(r"\]\((?P<target>[^)\s]+)(?:\s+\"[^\"]*\")?\)|(?:src|href)=\"(?P<tag>[^\"]+)\"")
_PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / ".github").rglob("*.md"))]


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_to_files_of_the_repository(page: Path) -> None:
    """A link without a host names a file or folder that exists, and a heading that exists in it."""
    broken = []
    for found in _LINK.finditer(page.read_text(encoding="utf-8")):
        target = found["target"] or found["tag"]
        if "://" not in target and not target.startswith("mailto:") and not _exists(page, target):
            broken.append(target)
    assert not broken


def _exists(page: Path, target: str) -> bool:
    name, _, heading = target.partition("#")
    file = (page.parent / name).resolve() if name else page
    if not file.exists() or ROOT not in (file, *file.parents):
        return False
    return not heading or heading in _headings(file)


def _headings(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}
