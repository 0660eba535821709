"""loguru in front of ``logging``, as its documentation shows and most services have it.

*Source:* https://loguru.readthedocs.io/en/stable/overview.html
"""

from __future__ import annotations

import inspect
import logging
import sys
from typing import TextIO

from loguru import logger

__all__ = ["intercept"]


class InterceptHandler(logging.Handler):
    """Hand each record of ``logging`` to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record under its level, as from the place where it was logged."""
        try:
            level: str | int = logger.level(record.levelname).name
        except ValueError:
            level = record.levelno
        frame, depth = inspect.currentframe(), 0
        while frame and (depth == 0 or frame.f_code.co_filename == logging.__file__):
            frame, depth = frame.f_back, depth + 1
        logger.opt(depth=depth, exception=record.exc_info).log(level, record.getMessage())


def intercept(stream: TextIO | None = None) -> None:
    """Write every line of ``logging`` as JSON, through loguru."""
    logger.remove()
    logger.add(stream or sys.stderr, serialize=True, level="INFO")
    logging.basicConfig(handlers=[InterceptHandler()], level=logging.INFO, force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
