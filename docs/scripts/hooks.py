"""What MkDocs does besides turning Markdown into pages: it makes the generated ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import command_table
import house
import reference
import request_picture
import settings_table
import shutdown_picture

__all__ = ["on_config", "on_files", "on_page_markdown"]

_HOW_TO = ("logging", "tracing", "metrics", "health", "errors", "testing", "deployment", "ci-cd")
"""The how-to pages in the order in which a newcomer needs them; others follow by name."""

_MADE = {
    command_table.MARKER: command_table.tables,
    settings_table.MARKER: settings_table.table,
    "<!-- picture: house -->": house.draw,
    "<!-- picture: request -->": request_picture.draw,
    "<!-- picture: shutdown -->": shutdown_picture.draw,
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put pages in place of the folders that the navigation names."""
    folder = Path(config.docs_dir)
    listed = {
        "howto/": ["howto/index.md", *_in_folder(folder, "howto", _HOW_TO)],
        "reference/": _in_folder(folder, "reference", without=("index", "settings")),
        "reference/api/": [{page.package: page.uri} for page in reference.pages()],
    }
    config.nav = _expanded(config.nav, listed)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the API reference."""
    for page in reference.pages():
        files.append(File.generated(config, page.uri, content=page.text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put what is made from the code in place of its markers."""
    for marker, make in _MADE.items():
        if marker in markdown:
            markdown = markdown.replace(marker, make())
    return markdown


def _in_folder(
    folder: Path, name: str, first: tuple[str, ...] = (), *, without: tuple[str, ...] = ("index",)
) -> list[str]:
    found = {path.stem for path in (folder / name).glob("*.md")} - set(without)
    ordered = [stem for stem in first if stem in found] + sorted(found - set(first))
    return [f"{name}/{stem}.md" for stem in ordered]


def _expanded(item: Any, listed: dict[str, Any]) -> Any:
    if isinstance(item, list):
        return [entry for part in item for entry in _entries(part, listed)]
    if isinstance(item, dict):
        return {
            title: _expanded(listed.get(str(entry), entry), listed) for title, entry in item.items()
        }
    return item


def _entries(part: Any, listed: dict[str, Any]) -> list[Any]:
    if isinstance(part, str) and part in listed:
        return list(listed[part])
    return [_expanded(part, listed)]
