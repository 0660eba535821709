"""The index over path patterns: which routes can match a path, in the order they were added."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

__all__ = ["ANY_PATH", "PathPattern", "RouteIndex"]

Item = TypeVar("Item")

PARAMETER = re.compile("{([a-zA-Z_][a-zA-Z0-9_]*)}")

# Starlette's convertors that cannot cross a slash. They are known by their expression and not by
# their name, because an application may register another convertor under the same name.
ONE_SEGMENT = frozenset(
    {
        "[^/]+",
        "[0-9]+",
        r"[0-9]+(\.[0-9]+)?",
        "[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}",
    }
)


@dataclass(frozen=True)
class PathPattern:
    """Say which paths a route can match, segment by segment; it may promise too much, never less.

    Attributes:
        segments: What stands between the slashes; ``None`` where there is a parameter.
        open_ended: Whether anything at all may follow the segments.
    """

    segments: tuple[str | None, ...]
    open_ended: bool = False

    @classmethod
    def read(
        cls, regex: re.Pattern[str], path_format: str, convertors: Mapping[str, Any]
    ) -> PathPattern:
        """Return the pattern of a route, or :data:`ANY_PATH` when its regex has unknown parts.

        Args:
            regex: What the route really matches with.
            path_format: The route's path with ``{name}`` for each parameter.
            convertors: The convertor of each parameter.

        Example:
            >>> from starlette.routing import compile_path
            >>> PathPattern.read(*compile_path("/items/{number:int}/edit"))
            PathPattern(segments=('', 'items', None, 'edit'), open_ended=False)
            >>> PathPattern.read(*compile_path("/files/{path:path}"))
            PathPattern(segments=('', 'files'), open_ended=True)
        """
        parts = PARAMETER.split(path_format)
        if regex.flags != re.UNICODE or regex.pattern != _expected_regex(parts, convertors):
            return ANY_PATH
        # A null byte stands for a parameter: it keeps the slashes around it where they are.
        marked = ""
        for literal, name in zip(parts[::2], [*parts[1::2], ""], strict=True):
            if "\0" in literal:
                return ANY_PATH
            marked += literal
            if name and convertors[name].regex not in ONE_SEGMENT:
                return cls(_segments(marked)[:-1], open_ended=True)
            marked += "\0" if name else ""
        return cls(_segments(marked))

    @property
    def literal(self) -> str | None:
        """Return the only path that can match, or ``None`` when there are several."""
        if self.open_ended or None in self.segments:
            return None
        return "/".join(segment for segment in self.segments if segment is not None)


#: The pattern of a route about which nothing is known: it is always a candidate.
ANY_PATH = PathPattern((), open_ended=True)


def _segments(marked: str) -> tuple[str | None, ...]:
    return tuple(None if "\0" in segment else segment for segment in marked.split("/"))


def _expected_regex(parts: Sequence[str], convertors: Mapping[str, Any]) -> str | None:
    """Write the regex that Starlette makes of a path; ``None`` if a parameter is unknown."""
    if not set(parts[1::2]) <= convertors.keys():
        return None
    regex = re.escape(parts[0])
    for name, literal in zip(parts[1::2], parts[2::2], strict=True):
        regex += f"(?P<{name}>{convertors[name].regex}){re.escape(literal)}"
    return f"^{regex}$"


@dataclass(slots=True)
class _Node(Generic[Item]):
    """One place in the tree of segments."""

    literal: dict[str, _Node[Item]] = field(default_factory=dict)
    parameter: _Node[Item] | None = None
    ending: list[tuple[int, Item]] = field(default_factory=list)
    continuing: list[tuple[int, Item]] = field(default_factory=list)

    def child(self, segment: str | None) -> _Node[Item]:
        """Return the node that a segment leads to; make it if there is none."""
        if segment is not None:
            return self.literal.setdefault(segment, _Node())
        if self.parameter is None:
            self.parameter = _Node()
        return self.parameter


class RouteIndex(Generic[Item]):
    """Find the routes that can match a path, without trying the others.

    The answer keeps the order of ``entries`` and never leaves out a route that matches; it may
    hold some that do not, so each is still to be matched.

    Args:
        entries: Each route with its pattern, in the order in which they are to be tried.

    Example:
        >>> index = RouteIndex([(PathPattern(("", None)), "page"), (PathPattern(("", "a")), "a")])
        >>> index.candidates("/a"), index.candidates("/b")
        (['page', 'a'], ['page'])
    """

    def __init__(self, entries: Iterable[tuple[PathPattern, Item]]) -> None:
        self._root: _Node[Item] = _Node()
        literals = set()
        for order, (pattern, item) in enumerate(entries):
            self._add(pattern, order, item)
            literals.add(pattern.literal)
        self._known = {path: self._search(path) for path in literals if path is not None}

    def candidates(self, path: str) -> Sequence[Item]:
        """Return the routes that can match a path which does not end in a line feed.

        A ``$`` in a regular expression matches before a last line feed too, so that for such a
        path the segments alone do not decide.
        """
        found = self._known.get(path)
        return self._search(path) if found is None else found

    def _add(self, pattern: PathPattern, order: int, item: Item) -> None:
        node = self._root
        for segment in pattern.segments:
            node = node.child(segment)
        (node.continuing if pattern.open_ended else node.ending).append((order, item))

    def _search(self, path: str) -> list[Item]:
        found: list[tuple[int, Item]] = []
        _collect(self._root, path.split("/"), 0, found)
        if len(found) > 1:
            found.sort(key=_order)
        return [item for _, item in found]


def _order(entry: tuple[int, object]) -> int:
    return entry[0]


def _collect(
    node: _Node[Item], segments: list[str], depth: int, found: list[tuple[int, Item]]
) -> None:
    """Follow the segments down the tree, on two ways where there is a parameter and a literal."""
    # A loop, and a list that grows: this runs for every request.
    for segment in segments[depth:]:
        depth += 1
        found += node.continuing
        literal, parameter = node.literal.get(segment), node.parameter
        if literal is not None and parameter is not None:
            _collect(parameter, segments, depth, found)
        following = literal or parameter
        if following is None:
            return
        node = following
    found += node.continuing
    found += node.ending
