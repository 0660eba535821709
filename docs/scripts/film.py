"""A terminal recording as one SVG file that plays by itself, without a script.

Each line appears at its time; waits are cut short. Where animation is off, or not known, the end
of the recording is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from rich.color_triplet import ColorTriplet
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from terminal import Line

__all__ = ["film"]

_ROWS, _COLUMNS, _CELL, _LEADING, _EDGE, _BAR = 27, 110, 7.6, 17.5, 18.0, 34.0
_LONGEST_WAIT, _TYPING, _PAUSE = 0.9, 0.9, 1.2
_THEME = TerminalTheme(
    (22, 24, 29),
    (214, 217, 224),
    [(90, 96, 108), (248, 113, 113), (74, 222, 128), (250, 204, 21)]
    + [(96, 165, 250), (232, 121, 249), (45, 212, 191), (214, 217, 224)],
    [(128, 134, 146), (252, 165, 165), (134, 239, 172), (253, 224, 71)]
    + [(147, 197, 253), (240, 171, 252), (94, 234, 212), (255, 255, 255)],
)


@dataclass(frozen=True, slots=True)
class _Shown:
    at: float
    text: Text


def film(lines: Sequence[Line], title: str) -> str:
    """Return the SVG of a recording.

    Args:
        lines: What was printed, in order.
        title: What stands in the bar of the window.
    """
    shown = list(_timed(lines))
    width = _COLUMNS * _CELL + 2 * _EDGE
    height = _ROWS * _LEADING + 2 * _EDGE + _BAR
    body = "\n".join(_row(number, line) for number, line in enumerate(shown))
    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg" role="img" '
            f'viewBox="0 0 {width:g} {height:g}">',
            f"<title>{escape(title)}</title>",
            f"<style>{_style(shown)}</style>",
            f'<rect class="window" width="{width:g}" height="{height:g}" rx="9"/>',
            '<circle cx="20" cy="18" r="6" fill="#f87171"/><circle cx="40" cy="18" r="6" '
            'fill="#facc15"/><circle cx="60" cy="18" r="6" fill="#4ade80"/>',
            f'<text class="title" x="{width / 2:g}" y="22">{escape(title)}</text>',
            f'<svg y="{_BAR + _EDGE:g}" width="{width:g}" height="{_ROWS * _LEADING:g}">',
            f'<g class="paper">{body}</g></svg></svg>\n',
        ]
    )


def _timed(lines: Sequence[Line]) -> Iterator[_Shown]:
    clock, before = 0.3, 0.0
    for line in lines:
        clock += min(line.at - before, _LONGEST_WAIT)
        before = line.at
        if line.typed:
            clock += _PAUSE if before else 0.0
            text = Text.assemble(("$ ", "bold green"), (line.text, "bold white"))
        else:
            text = Text.from_ansi(line.text)
        for part in text.wrap(Console(width=_COLUMNS), _COLUMNS) or [Text()]:
            yield _Shown(clock, part)
        clock += _TYPING if line.typed else 0.0


def _row(number: int, line: _Shown) -> str:
    y = (number + 1) * _LEADING - 5
    head = f'<g class="line" style="animation-delay:{line.at:.2f}s" transform="translate(0 {y:g})">'
    return f"{head}{''.join(_spans(line.text))}</g>"


def _spans(text: Text) -> Iterator[str]:
    column = 0
    for segment in text.render(Console(width=_COLUMNS, color_system="truecolor")):
        words = segment.text.replace("\n", "")
        if words.strip():
            length = f'textLength="{len(words) * _CELL:g}" lengthAdjust="spacingAndGlyphs"'
            x = _EDGE + column * _CELL
            yield f'<text x="{x:g}" {length} {_paint(segment.style)}>{escape(words)}</text>'
        column += len(words)


def _paint(style: Style | None) -> str:
    if style is None:
        return ""
    fill = _hex(style.color.get_truecolor(_THEME)) if style.color else ""
    faint = ' opacity=".65"' if style.dim else ""
    weight = ' font-weight="700"' if style.bold else ""
    return (f'fill="{fill}"' if fill else "") + weight + faint


def _hex(colour: ColorTriplet) -> str:
    return colour.hex


def _style(shown: Sequence[_Shown]) -> str:
    end = shown[-1].at + 0.1
    scrolled = max(0, len(shown) - _ROWS)
    steps = {0.0: 0}
    for number, line in enumerate(shown):
        if number >= _ROWS:
            steps[round(100 * line.at / end, 2)] = number - _ROWS + 1
    frames = "".join(
        f"{at:g}%{{transform:translateY({-rows * _LEADING:g}px)}}" for at, rows in steps.items()
    )
    return (
        ".window{fill:#16181d;stroke:#3a3f4a}"
        "text{font:12.6px 'JetBrains Mono','Cascadia Code','DejaVu Sans Mono',Menlo,Consolas,"
        "monospace;white-space:pre}"
        ".title{font:12px sans-serif;fill:#8b92a0;text-anchor:middle}"
        f".paper{{fill:#d6d9e0;transform:translateY({-scrolled * _LEADING:g}px);"
        f"animation:scroll {end:.2f}s step-end}}"
        ".line{animation:show .01s step-end backwards}"
        "@keyframes show{from{visibility:hidden}}"
        f"@keyframes scroll{{{frames}}}"
        "@media (prefers-reduced-motion:reduce){.paper,.line{animation:none}}"
    )
