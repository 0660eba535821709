"""The table of settings, made from the settings classes at build time."""

from __future__ import annotations

from collections.abc import Iterable

from fastnfurious.application import wiring
from fastnfurious.cli.settings import ServerSettings
from fastnfurious.core.settings import SettingDescription, Settings

__all__ = ["MARKER", "settings_classes", "table"]

MARKER = "<!-- the settings -->"
"""Stands in ``reference/settings.md`` where the tables go."""


def settings_classes() -> list[type[Settings]]:
    """Return every settings class of the library, in the order of the page."""
    service, *parts = wiring.settings_classes()
    return [service, ServerSettings, *parts]


def table() -> str:
    """Return one section with one table for each settings class."""
    return "\n\n".join(map(_section, settings_classes()))


def _section(settings: type[Settings]) -> str:
    name = f"{settings.__module__}.{settings.__name__}"
    purpose = (settings.__doc__ or "").split("\n")[0]
    head = f"## {settings.__name__}\n\n{purpose} See [`{settings.__name__}`][{name}]."
    columns = "| variable | what it does | default | type |\n| --- | --- | --- | --- |"
    return "\n".join([head, "", columns, *_rows(settings.describe())])


def _rows(settings: Iterable[SettingDescription]) -> Iterable[str]:
    for row in settings:
        default = "*required*" if row.default is None else f"`{row.default}`" if row.default else ""
        yield f"| `{row.variable}` | {_cell(row.description)} | {default} | {_kind(row)} |"


def _kind(row: SettingDescription) -> str:
    return "secret" if row.secret else _cell(row.type.removesuffix(" | None"))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
