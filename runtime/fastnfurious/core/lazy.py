"""Public names that are imported when they are first used (PEP 562).

A package's ``__init__`` lists its names; a service that never touches one never pays for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["lazy_names"]


def lazy_names(package: str, names: Mapping[str, str]) -> tuple[Callable[[str], Any], list[str]]:
    """Return a package's ``__getattr__`` and ``__all__``.

    Args:
        package: The package's ``__name__``.
        names: Public name → module that defines it.

    Returns:
        The function to bind to ``__getattr__``, and the sorted names to bind to ``__all__``.

    Example:
        >>> find, public = lazy_names("collections", {"Mapping": "collections.abc"})
        >>> find("Mapping").__name__, public
        ('Mapping', ['Mapping'])
    """

    def find(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(names[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return find, sorted(names)
