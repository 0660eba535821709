"""One page of a long answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

__all__ = ["Page", "page"]

_Item = TypeVar("_Item")


class Page(NamedTuple, Generic[_Item]):
    """Hold some of the items, and which these are."""

    items: list[_Item]
    limits: dict[str, int]


def page(items: Sequence[_Item], given: Mapping[str, Any], size: int) -> Page[_Item]:
    """Return the page that a request asks for.

    Example:
        >>> page("abc", {"offset": 1}, 10).limits
        {'total': 3, 'offset': 1, 'limit': 10}
    """
    offset = min(max(0, int(given.get("offset") or 0)), len(items))
    limits = {"total": len(items), "offset": offset, "limit": size}
    return Page(list(items[offset : offset + size]), limits)
