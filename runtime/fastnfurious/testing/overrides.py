"""Dependency overrides that do not outlive a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

__all__ = ["restored_overrides"]


@contextmanager
def restored_overrides(app: Any) -> Iterator[None]:
    """Undo, at the end of the block, every change to the application's dependency overrides.

    Applications mounted inside it are included; an application that knows no overrides is left
    alone.

    Example:
        >>> from fastapi import FastAPI
        >>> app = FastAPI()
        >>> with restored_overrides(app):
        ...     app.dependency_overrides[print] = repr
        >>> app.dependency_overrides
        {}
    """
    with ExitStack() as stack:
        for overrides in _all_overrides(app):
            stack.callback(_restore, overrides, dict(overrides))
        yield


def _restore(overrides: dict[Any, Any], before: dict[Any, Any]) -> None:
    overrides.clear()
    overrides.update(before)


def _all_overrides(app: Any) -> Iterator[dict[Any, Any]]:
    overrides = getattr(app, "dependency_overrides", None)
    if isinstance(overrides, dict):
        yield overrides
    for route in getattr(app, "routes", ()):
        mounted = getattr(route, "app", None)
        if hasattr(mounted, "dependency_overrides"):
            yield from _all_overrides(mounted)
