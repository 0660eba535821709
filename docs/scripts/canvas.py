"""A small drawing board: boxes, arrows and words that become one SVG element.

The element goes into the page itself, so its colours follow the page's own, light or dark.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

__all__ = ["Canvas"]


@dataclass(slots=True)
class Canvas:
    """Collect the shapes of one picture.

    Args:
        width: Width in units; about as many pixels on a wide screen.
        height: Height in the same units.
        title: What the picture shows, for those who cannot see it.
    """

    width: int
    height: int
    title: str
    _shapes: list[str] = field(default_factory=list)

    def box(
        self, x: float, y: float, width: float, height: float, *, kind: str = "", href: str = ""
    ) -> None:
        """Draw a box; ``kind`` names its class in the style sheet, ``href`` makes it a link."""
        shape = (
            f'<rect class="box {kind}" x="{x:g}" y="{y:g}" '
            f'width="{width:g}" height="{height:g}" rx="6"/>'
        )
        self._shapes.append(f'<a href="{escape(href)}">{shape}</a>' if href else shape)

    def text(self, x: float, y: float, words: str, *, kind: str = "") -> None:
        """Write one line, at its baseline."""
        self._shapes.append(f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(words)}</text>')

    def arrow(self, x1: float, y1: float, x2: float, y2: float, *, kind: str = "") -> None:
        """Draw a straight arrow from the first point to the second."""
        self._shapes.append(
            f'<line class="arrow {kind}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" '
            'marker-end="url(#head)"/>'
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, *, kind: str = "") -> None:
        """Draw a straight line."""
        self._shapes.append(
            f'<line class="arrow {kind}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'
        )

    def svg(self) -> str:
        """Return the picture as one block of HTML."""
        head = (
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            'markerHeight="7" orient="auto-start-reverse"><path d="M0 0 8 4 0 8z"/></marker></defs>'
        )
        return (
            f'<div class="picture"><svg role="img" viewBox="0 0 {self.width} {self.height}" '
            f'style="--width: {self.width}px"><title>{escape(self.title)}</title>{head}'
            f'{"".join(self._shapes)}</svg></div>'
        )
