"""The picture of a request: what the middleware does on its way in and out."""

from __future__ import annotations

from canvas import Canvas

__all__ = ["draw"]

_CLIENT, _MIDDLEWARE, _APPLICATION = 34.0, 239.0, 603.0
_LEFT, _RIGHT, _INNER = 109.0, 369.0, 450.0
"""The edges of the middleware, and where the rest of the application begins."""
_WAY_IN = (
    "take X-Request-ID, or make one",
    "start a span from traceparent",
    "count the request as in progress",
)
_INSIDE = (
    ("your middleware", "whatever you added"),
    ("errors → problems", "handlers turn exceptions into answers"),
    ("router", "finds the route and its template"),
    ("your handler", "dependencies, body, response"),
)
_WAY_OUT = (
    "read the route template",
    "end the span: status, error",
    "observe the duration, with the trace id",
    "hand the access line to the buffer",
)


def draw() -> str:
    """Return the picture as HTML."""
    canvas = Canvas(760, 548, "A request on its way through the middleware to a handler, and back")
    _lives(canvas)
    _steps(canvas, 52, _WAY_IN)
    _message(canvas, 72, _CLIENT, _LEFT, "request")
    _message(canvas, 130, _RIGHT, _INNER, "goes on")
    _inside(canvas)
    _steps(canvas, 258, ("add X-Request-ID to the headers",))
    _message(canvas, 279, _INNER, _RIGHT, "headers")
    _message(canvas, 279, _LEFT, _CLIENT, "headers")
    _message(canvas, 338, _INNER, _CLIENT, "the body, chunk by chunk")
    canvas.text(_APPLICATION, 374, "background tasks run to their end", kind="small over")
    _message(canvas, 424, _INNER, _RIGHT, "done")
    _steps(canvas, 404, _WAY_OUT)
    return canvas.svg()


def _lives(canvas: Canvas) -> None:
    lives = ((_CLIENT, "client"), (_MIDDLEWARE, "the middleware"), (_APPLICATION, "the rest"))
    for x, name in lives:
        canvas.text(x, 20, name, kind="name")
        canvas.line(x, 34, x, 540, kind="faint")


def _message(canvas: Canvas, y: float, start: float, end: float, words: str) -> None:
    canvas.arrow(start, y, end, y)
    canvas.text((start + end) / 2, y - 8, words, kind="small over")


def _steps(canvas: Canvas, top: float, steps: tuple[str, ...]) -> None:
    canvas.box(_LEFT, top, _RIGHT - _LEFT, 26 * len(steps) + 16, kind="main")
    for number, step in enumerate(steps):
        canvas.text(_MIDDLEWARE, top + 25 + 26 * number, step, kind="small")


def _inside(canvas: Canvas) -> None:
    width = 2 * (_APPLICATION - _INNER)
    for number, (name, purpose) in enumerate(_INSIDE):
        inset, top = number * 12, 40 + number * 58
        canvas.box(_INNER + inset, top, width - 2 * inset, 260 - number * 68)
        canvas.text(_APPLICATION, top + 22, name, kind="name")
        canvas.text(_APPLICATION, top + 41, purpose, kind="small")
