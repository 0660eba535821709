"""The picture of the house: the packages in their layers, read from the source.

``LAYERS`` is the one thing kept here; a test holds it against the folders and their imports.
"""

from __future__ import annotations

import ast
from pathlib import Path

from canvas import Canvas

__all__ = ["LAYERS", "draw", "packages"]

ROOT = Path(__file__).resolve().parents[2]

LAYERS: tuple[tuple[str, ...], ...] = (
    ("testing",),
    ("cli",),
    ("application",),
    ("logs", "tracing", "metrics"),
    ("core",),
)
"""The packages of ``fastnfurious``, top layer first: a package imports only from layers below."""

_WIDTH, _ROW, _GAP = 760, 78, 22


def packages() -> dict[str, str]:
    """Return each package of the library with the first sentence of its own description."""
    folders = sorted((ROOT / "runtime" / "fastnfurious").glob("*/__init__.py"))
    return {path.parent.name: _purpose(path) for path in folders}


def draw() -> str:
    """Return the picture as HTML."""
    found = packages()
    height = len(LAYERS) * (_ROW + _GAP) - _GAP + 2
    canvas = Canvas(_WIDTH, height, "The packages of fastnfurious, from testing down to core")
    for number, layer in enumerate(LAYERS):
        top = number * (_ROW + _GAP) + 1
        _layer(canvas, layer, top, found)
        if number + 1 < len(LAYERS):
            canvas.arrow(_WIDTH / 2, top + _ROW, _WIDTH / 2, top + _ROW + _GAP - 1)
    return canvas.svg()


def _layer(canvas: Canvas, layer: tuple[str, ...], top: float, found: dict[str, str]) -> None:
    width = (_WIDTH - 2 - (len(layer) - 1) * 14) / len(layer)
    for number, name in enumerate(layer):
        left = 1 + number * (width + 14)
        canvas.box(left, top, width, _ROW, href=f"../../reference/api/fastnfurious.{name}/")
        canvas.text(left + width / 2, top + 25, name, kind="name")
        for row, words in enumerate(_wrapped(found.get(name, ""), int(width / 6.9))[:2]):
            canvas.text(left + width / 2, top + 46 + 17 * row, words, kind="small")


def _wrapped(sentence: str, columns: int) -> list[str]:
    rows = [""]
    for word in sentence.split():
        if rows[-1] and len(rows[-1]) + 1 + len(word) > columns:
            rows.append("")
        rows[-1] = f"{rows[-1]} {word}".strip()
    return rows


def _purpose(path: Path) -> str:
    described = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return described.split("\n\n")[0].replace("\n", " ").replace("``", "")
