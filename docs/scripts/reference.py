"""The API reference: one page for each public package, made from the source at build time.

Pages are made rather than kept, so that a module cannot be forgotten and a page cannot be stale.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "ReferencePage", "pages", "public_modules"]

ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = (ROOT / "runtime" / "fastnfurious", ROOT / "generator" / "fastnfurious_generator")


@dataclass(frozen=True, slots=True)
class ReferencePage:
    """Hold one page: the package it describes, and its Markdown.

    Attributes:
        package: Dotted name.
        text: Markdown, with one mkdocstrings block for each public module.
    """

    package: str
    text: str

    @property
    def uri(self) -> str:
        """Return where the page lies below ``docs/``."""
        return f"reference/api/{self.package}.md"


def public_modules() -> Iterator[tuple[str, Path]]:
    """Yield each public module as its dotted name and its file, packages before their modules."""
    for package in _PACKAGES:
        for path in sorted(package.rglob("*.py"), key=_reading_order):
            parts = path.relative_to(package.parent).with_suffix("").parts
            if not any(part.startswith("_") and part != "__init__" for part in parts):
                yield ".".join(part for part in parts if part != "__init__"), path


def pages() -> list[ReferencePage]:
    """Return every page; modules directly below a package share its page."""
    grouped: dict[str, list[tuple[str, Path]]] = {}
    for name, path in public_modules():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        grouped.setdefault(package, []).append((name, path))
    return [ReferencePage(package, _page(package, found)) for package, found in grouped.items()]


def _reading_order(path: Path) -> tuple[Path, bool, str]:
    return path.parent, path.name != "__init__.py", path.name


def _page(package: str, modules: list[tuple[str, Path]]) -> str:
    blocks = [f"# {package}\n"]
    blocks += [_module(name, path) for name, path in modules]
    return "\n".join(blocks)


def _module(name: str, path: Path) -> str:
    exported = sorted(_lazy_names(ast.parse(path.read_text(encoding="utf-8"))).items())
    introduction = f"::: {name}\n"
    if path.name == "__init__.py":
        introduction += "    options:\n      members: false\n      show_root_heading: false\n"
    elif not exported:
        return introduction
    links = [
        f"- [`{public}`][{home}.{public}][](){{#{name}.{public}}}" for public, home in exported
    ]
    return "\n".join([introduction, *links, ""])


def _lazy_names(tree: ast.Module) -> dict[str, str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "lazy_names":
            return dict(ast.literal_eval(node.args[1]))
    return {}
