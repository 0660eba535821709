"""The built site is whole: nothing public is missing from it, and it needs no other host."""

from __future__ import annotations

import importlib
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.docs.pages import ROOT

_LOADING = {"src", "srcset", "data", "poster"}
_LOADED_LINKS = {"stylesheet", "icon", "preload", "preconnect", "modulepreload", "manifest"}


class _Loaded(HTMLParser):
    """Collect what a browser fetches by itself when it shows a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the addresses of scripts, pictures, styles and frames."""
        values = dict(attrs)
        if tag == "link" and _LOADED_LINKS & set((values.get("rel") or "").split()):
            self.addresses.append(values.get("href") or "")
        self.addresses += [value or "" for name, value in attrs if name in _LOADING]


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    """Fonts, scripts, styles and pictures come with the site, so it reads offline as well."""
    foreign = {}
    for page in site.rglob("*.html"):
        loaded = _Loaded()
        loaded.feed(page.read_text(encoding="utf-8"))
        found = [address for address in loaded.addresses if urlsplit(address).netloc]
        if found:
            foreign[str(page.relative_to(site))] = found
    assert not foreign


def test_no_style_or_picture_loads_anything_from_another_host(site: Path) -> None:
    """A style sheet or SVG picture of ours names no address outside the site."""
    ours = [*(site / "assets").glob("*.css"), *(site / "assets").rglob("*.svg")]
    pattern = re.compile(r"""(?:url\(|@import|href=)["'\s]*https?://""")
    assert not [file.name for file in ours if pattern.search(file.read_text(encoding="utf-8"))]


@pytest.fixture(scope="session")
def inventory(site: Path) -> set[str]:
    """Return the names that the site documents, from the inventory that other projects link by."""
    *_, packed = (site / "objects.inv").read_bytes().split(b"\n", 4)
    return {line.split(" ", 1)[0] for line in zlib.decompress(packed).decode().splitlines()}


def test_every_public_name_is_documented(inventory: set[str]) -> None:
    """Each name in each ``__all__`` of a public module has its place in the API reference."""
    missing = []
    for name, path in _public_modules():
        if path.name != "__init__.py":
            public = importlib.import_module(name).__all__
            missing += [f"{name}.{each}" for each in public if f"{name}.{each}" not in inventory]
    assert not missing


def test_every_name_of_a_package_has_an_anchor(site: Path) -> None:
    """A name that a package exports lazily can be linked to under the package's own name."""
    missing = []
    for name, path in _public_modules():
        if path.name == "__init__.py":
            page = (site / "reference" / "api" / name / "index.html").read_text(encoding="utf-8")
            public = getattr(importlib.import_module(name), "__all__", [])
            missing += [each for each in public if f'id="{name}.{each}"' not in page]
    assert not missing


def test_every_module_has_a_purpose_on_its_page(site: Path) -> None:
    """The reference shows each public module, from its first sentence on."""
    reference = "".join(
        page.read_text(encoding="utf-8") for page in (site / "reference" / "api").rglob("*.html")
    )
    assert not [name for name, _ in _public_modules() if name not in reference]


def _public_modules() -> list[tuple[str, Path]]:
    found = []
    for source in ("runtime", "generator"):
        for path in sorted((ROOT / source).rglob("*.py")):
            parts = path.relative_to(ROOT / source).with_suffix("").parts
            if not any(part.startswith("_") and part != "__init__" for part in parts):
                found.append((".".join(part for part in parts if part != "__init__"), path))
    return found
