"""What the architecture tests look at: modules of the product, files of the repository."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

__all__ = ["ROOT", "Module", "modules", "packages", "tracked_files"]

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"runtime": "fastnfurious", "generator": "fastnfurious_generator"}


@dataclass(frozen=True)
class Module:
    """Hold one module of the product, unread until it is asked for.

    Attributes:
        name: Dotted name.
        path: Its file.
    """

    name: str
    path: Path

    @property
    def is_package(self) -> bool:
        """Return whether it is the ``__init__`` of a package."""
        return self.path.name == "__init__.py"

    @cached_property
    def text(self) -> str:
        """Return the source."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """Return the parsed source."""
        return ast.parse(self.text)

    def definitions(self) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
        """Yield the classes and functions at the top of the module."""
        for node in self.tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def __str__(self) -> str:
        """Return the name, for the ids of tests."""
        return self.name


@cache
def modules() -> list[Module]:
    """Return every module of the runtime and the generator."""
    found = []
    for folder, package in PACKAGES.items():
        for path in sorted((ROOT / folder / package).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            found.append(Module(".".join(part for part in parts if part != "__init__"), path))
    return found


def packages() -> list[Module]:
    """Return every package of the runtime and the generator."""
    return [module for module in modules() if module.is_package]


@cache
def tracked_files() -> list[Path]:
    """Return every text file that is under version control, or would be after the next commit."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    files = [ROOT / name for name in names.split("\0") if name]
    return [path for path in files if path.is_file() and b"\0" not in path.read_bytes()]
