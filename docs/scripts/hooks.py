"""What MkDocs does besides turning Markdown into pages: it makes the generated ones."""

from __future__ import annotations

from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import reference
import settings_table

__all__ = ["on_config", "on_files", "on_page_markdown"]

_API = "reference/api/"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages of the API reference in place of ``reference/api/`` in the navigation."""
    made = [{page.package: page.uri} for page in reference.pages()]
    config.nav = _replaced(config.nav, made)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the API reference."""
    for page in reference.pages():
        files.append(File.generated(config, page.uri, content=page.text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the settings table in place of its marker."""
    if settings_table.MARKER not in markdown:
        return markdown
    return markdown.replace(settings_table.MARKER, settings_table.table())


def _replaced(item: Any, made: list[dict[str, str]]) -> Any:
    if item == _API:
        return made
    if isinstance(item, list):
        return [_replaced(entry, made) for entry in item]
    if isinstance(item, dict):
        return {title: _replaced(entry, made) for title, entry in item.items()}
    return item
