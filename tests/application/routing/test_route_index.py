"""The index offers every route that can match, in order, and few others."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import compile_path

from fastnfurious.application.route_index import ANY_PATH, PathPattern, RouteIndex

PATTERNS = st.lists(
    st.sampled_from(("a", "b", "", "{N}", "{N:int}", "{N:path}", "v{N}", "{N}.{M}", "a\0b", "a.b")),
    max_size=3,
).map(lambda segments: "".join(f"/{segment}" for segment in segments) or "/")
PATHS = st.lists(st.sampled_from(("a", "b", "", "1", "va", "a.b", "axb", "a\0b")), max_size=4).map(
    lambda segments: "".join(f"/{segment}" for segment in segments)
)


def compiled(pattern: str) -> tuple[re.Pattern[str], PathPattern]:
    """Return how Starlette matches a path, and what the index makes of it."""
    parts = re.split("[NM](?=[:}])", pattern)
    named = parts[0] + "".join(f"p{number}{part}" for number, part in enumerate(parts[1:]))
    regex, path_format, convertors = compile_path(named)
    return regex, PathPattern.read(regex, path_format, convertors)


@given(patterns=st.lists(PATTERNS, max_size=12), paths=st.lists(PATHS, min_size=1, max_size=8))
def test_no_route_that_matches_is_left_out(patterns: list[str], paths: list[str]) -> None:
    """The candidates hold, in order, every route whose regex matches the path."""
    known = [compiled(pattern) for pattern in patterns]
    index = RouteIndex((pattern, number) for number, (_, pattern) in enumerate(known))
    for path in paths:
        candidates = index.candidates(path)
        assert list(candidates) == sorted(set(candidates))
        assert {n for n, (regex, _) in enumerate(known) if regex.match(path)} <= set(candidates)


def test_routes_of_another_path_are_left_out() -> None:
    """One route of a thousand is a candidate when the paths tell them apart."""
    index = RouteIndex((compiled(f"/r{n}/items/{{N}}")[1], n) for n in range(1000))
    assert index.candidates("/r500/items/7") == [500]
    assert index.candidates("/r500/items") == []


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/", PathPattern(("", ""))),
        ("/a/{N}", PathPattern(("", "a", None))),
        ("/a/{N:int}.json", PathPattern(("", "a", None))),
        ("/a/x{N:path}/b", PathPattern(("", "a"), open_ended=True)),
        ("", ANY_PATH),
        ("/a\0b", ANY_PATH),
    ],
)
def test_a_path_is_read_as_segments(path: str, pattern: PathPattern) -> None:
    """Segments are literal, a parameter, or the place where anything may follow."""
    assert compiled(path)[1] == pattern


def test_a_regex_that_the_path_does_not_tell_is_always_a_candidate() -> None:
    """A regex of another making, or with other flags, may match any path."""
    regex, path_format, convertors = compile_path("/a/{x}")
    ignoring_case = re.compile(regex.pattern, re.IGNORECASE)
    assert PathPattern.read(ignoring_case, path_format, convertors) is ANY_PATH
    assert PathPattern.read(re.compile("^/b$"), path_format, convertors) is ANY_PATH
    assert PathPattern.read(regex, path_format, {}) is ANY_PATH
