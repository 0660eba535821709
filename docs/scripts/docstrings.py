"""How our docstrings become Google-style sections that the reference can show.

The code writes ``Example:`` in the singular, which Griffe takes for a note, and marks a drawing
with ``::`` as reStructuredText does; both are turned into what Griffe and Markdown know.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

__all__ = ["Docstrings", "as_markdown"]

_EXAMPLE = re.compile(r"^(\s*)Example:$", re.MULTILINE)
_LITERAL = re.compile(r"^\s*::$\n?", re.MULTILINE)


class Docstrings(griffe.Extension):
    """Rewrite each docstring once, when its object has been read."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute.

        An attribute of a class without one is described in the class's own section
        ``Attributes``, and would only be repeated.
        """
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)
        elif obj.is_attribute and isinstance(obj.parent, griffe.Class):
            obj.public = _is_enumeration(obj.parent)


def as_markdown(text: str) -> str:
    """Return a docstring with the sections and blocks that the reference shows.

    Example:
        >>> as_markdown("Example:")
        'Examples:'
    """
    return _LITERAL.sub("", _EXAMPLE.sub(r"\1Examples:", text))


def _is_enumeration(owner: griffe.Class) -> bool:
    return any(str(base).endswith(("Enum", "Flag")) for base in owner.bases)
