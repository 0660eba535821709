"""The picture of the shutdown: what still works in which of its phases."""

from __future__ import annotations

from canvas import Canvas

__all__ = ["draw"]

_PHASES = ("", "delay", "drain messages", "drain HTTP", "close")
_LIMITS = ("serving", "SHUTDOWN_DELAY", "SHUTDOWN_TIMEOUT", "what is left of it", "at most 10 s")
_EDGES = (122.0, 212.0, 338.0, 478.0, 628.0, 758.0)
"""Where each phase begins, and where the last one ends."""

_ROWS: tuple[tuple[str, tuple[tuple[int, int, str, str], ...]], ...] = (
    ("readiness", ((0, 1, "200", "main"), (1, 5, "503: send no more requests here", ""))),
    ("port", ((0, 3, "accepts connections", "main"), (3, 5, "closed, nothing was reset", ""))),
    ("requests", ((0, 1, "answered", "main"), (1, 4, "answered with Connection: close", "main"))),
    ("messages", ((0, 2, "taken and handled", "main"), (2, 3, "those in hand", "main"))),
    ("parts", ((0, 4, "open", "main"), (4, 5, "closed in reverse", ""))),
    ("telemetry", ((0, 4, "recorded and sent", "main"), (4, 5, "flushed last", "main"))),
)
_TOP, _ROW = 74, 40


def draw() -> str:
    """Return the picture as HTML."""
    height = _TOP + len(_ROWS) * _ROW + 8
    canvas = Canvas(760, height, "What works in each phase of the shutdown, from SIGTERM to exit")
    _phases(canvas, height)
    for number, (name, bars) in enumerate(_ROWS):
        middle = _TOP + number * _ROW + 20
        canvas.text(0, middle + 4, name, kind="name left")
        for begin, end, words, kind in bars:
            left, right = _EDGES[begin] + 2, _EDGES[end] - 2
            canvas.box(left, middle - 14, right - left, 28, kind=kind)
            canvas.text((left + right) / 2, middle + 4, words, kind="small")
    return canvas.svg()


def _phases(canvas: Canvas, height: float) -> None:
    for number, (phase, limit) in enumerate(zip(_PHASES, _LIMITS, strict=True)):
        middle = (_EDGES[number] + _EDGES[number + 1]) / 2
        canvas.text(middle, 40, phase, kind="name")
        canvas.text(middle, 60, limit, kind="small" if number in (0, 3, 4) else "code tiny")
        if number:
            canvas.line(_EDGES[number], 22, _EDGES[number], height - 6, kind="faint")
    canvas.text(_EDGES[1], 15, "SIGTERM", kind="name")
    canvas.text(_EDGES[-1], 15, "exit code 0", kind="name right")
