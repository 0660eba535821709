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
    ("services",),
    ("cli",),
    ("application",),
    ("logs", "tracing", "metrics", "nats", "oidc", "s3", "sql"),
    ("core",),
)
"""The packages of ``fastnfurious``, top layer first: a package imports only from layers below."""

_WIDTH, _GAP, _BETWEEN = 760, 22, 14
_HEAD, _LINE = 38, 17


def packages() -> dict[str, str]:
    """Return each package of the library with the first sentence of its own description."""
    folders = sorted((ROOT / "runtime" / "fastnfurious").glob("*/__init__.py"))
    return {path.parent.name: _purpose(path) for path in folders}


def draw() -> str:
    """Return the picture as HTML."""
    found = packages()
    layers = [_described(layer, found) for layer in LAYERS]
    height = sum(map(_height, layers)) + _GAP * (len(layers) - 1) + 2
    canvas = Canvas(_WIDTH, height, "The packages of fastnfurious, from testing down to core")
    top = 1
    for number, layer in enumerate(layers):
        if number:
            canvas.arrow(_WIDTH / 2, top - _GAP, _WIDTH / 2, top - 1)
        _layer(canvas, layer, top)
        top += _height(layer) + _GAP
    return canvas.svg()


def _described(layer: tuple[str, ...], found: dict[str, str]) -> dict[str, list[str]]:
    columns = int(_width(len(layer)) / 6.9)
    return {name: _wrapped(found.get(name, ""), columns) for name in layer}


def _width(boxes: int) -> float:
    return (_WIDTH - 2 - (boxes - 1) * _BETWEEN) / boxes


def _height(layer: dict[str, list[str]]) -> int:
    return _HEAD + _LINE * max(map(len, layer.values())) + 8


def _layer(canvas: Canvas, layer: dict[str, list[str]], top: int) -> None:
    width, height = _width(len(layer)), _height(layer)
    for number, (name, rows) in enumerate(layer.items()):
        left = 1 + number * (width + _BETWEEN)
        canvas.box(left, top, width, height, href=f"../../reference/api/fastnfurious.{name}/")
        canvas.text(left + width / 2, top + 25, name, kind="name")
        for row, words in enumerate(rows):
            canvas.text(left + width / 2, top + _HEAD + 9 + _LINE * row, words, kind="small")


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
