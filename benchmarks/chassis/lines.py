"""The program that times one JSON access line: ours, and one of uvicorn's through loguru.

Run with ``python -m benchmarks.chassis.lines``; it prints microseconds as JSON.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable
from typing import TextIO

from benchmarks.chassis.intercept import intercept

__all__ = ["main"]

BATCH = 200  # fewer than the access log holds before it writes
BATCHES = 100


def main() -> None:
    """Print what a line costs."""
    with open(os.devnull, "w") as nowhere:
        in_path, whole = ours(nowhere)
        figures = {"ours_in_path": in_path, "ours_whole": whole, "loguru": loguru(nowhere)}
    print(json.dumps(figures))


def ours(stream: TextIO) -> tuple[float, float]:
    """Return the µs that a request waits for its line, and those until it is written."""
    from fastnfurious.core.settings import FastNFuriousSettings
    from fastnfurious.logs.integration import Logs
    from fastnfurious.logs.settings import LogFormat, LogSettings

    logs = Logs(LogSettings(format=LogFormat.JSON), FastNFuriousSettings(), stream=stream)
    logs.install()
    write = logs.access.write

    def line() -> None:
        write("7d1f", "0af7", "b7ad", "GET", "/items/42", "/items/{id}", 200, 0.0012, "127.0.0.1")

    try:
        in_path, whole = zip(*(timed(line, after=logs.flush) for _ in range(BATCHES)), strict=True)
    finally:
        logs.restore()
    return min(in_path), min(whole)


def loguru(stream: TextIO) -> float:
    """Return the µs of one of uvicorn's access lines that loguru intercepts."""
    intercept(stream)
    access = logging.getLogger("uvicorn.access")

    def line() -> None:
        access.info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:5000", "GET", "/items/42", "1.1", 200)

    return min(timed(line) for _ in range(BATCHES // 5))[0]


def timed(
    line: Callable[[], None], after: Callable[[], None] = lambda: None
) -> tuple[float, float]:
    """Return the µs of a line, on average over a batch: alone, and with what comes after."""
    started = time.perf_counter()
    for _ in range(BATCH):
        line()
    alone = time.perf_counter() - started
    after()
    whole = time.perf_counter() - started
    return alone / BATCH * 1e6, whole / BATCH * 1e6


if __name__ == "__main__":
    main()
