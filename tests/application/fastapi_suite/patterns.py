"""Name a set of tests in few patterns, none of which names any other test."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator

__all__ = ["matches", "patterns_for"]


def matches(test: str, pattern: str) -> bool:
    """Return whether a pattern, in which ``*`` stands for anything, names a test.

    A pattern without parameters names the test with all of its parameters.
    """
    regex = re.escape(pattern).replace(r"\*", ".*")
    return re.fullmatch(rf"{regex}(\[.*\])?", test, re.DOTALL) is not None


def patterns_for(tests: Collection[str], others: Collection[str]) -> list[str]:
    """Return patterns that name these tests and none of the others.

    Args:
        tests: Ids of the tests to name.
        others: Ids of all other tests.

    Example:
        >>> patterns_for({"a.py::test_x[1]", "a.py::test_x[2]", "b.py::test_x"}, {"b.py::test_y"})
        ['*::test_x']
    """
    taken = {pattern for test in others for pattern in _patterns_of(test)}
    named = defaultdict(set)
    for test in tests:
        for pattern in _patterns_of(test):
            if pattern not in taken:
                named[pattern].add(test)
    return sorted(_cover(dict(named)))


def _cover(named: dict[str, set[str]]) -> Iterator[str]:
    """Choose the pattern that names the most tests, again and again."""
    while named:
        # Of several, the one with the least left open.
        best = max(named, key=lambda pattern: (len(named[pattern]), -pattern.count("*"), pattern))
        yield best
        done = named.pop(best)
        named = {pattern: left for pattern, tests in named.items() if (left := tests - done)}


def _patterns_of(test: str) -> Iterator[str]:
    """Give every pattern that may name a test, from the narrowest to the widest."""
    yield test
    whole = test.partition("[")[0]
    yield whole
    file, *classes, name = whole.split("::")
    if classes:
        return
    folders = file.split("/")
    places = [file, *("/".join(folders[:depth]) + "/*" for depth in range(1, len(folders))), "*"]
    words = name.split("_")
    names = [name, "*"]
    names += ["_".join(words[:count]) + "_*" for count in range(2, len(words))]
    names += ["*_" + "_".join(words[count:]) for count in range(1, len(words))]
    yield from (f"{place}::{part}" for place in places for part in names)
