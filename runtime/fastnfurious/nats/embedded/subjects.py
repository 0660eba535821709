"""Subjects and the patterns that match them.

*Source:* https://docs.nats.io/nats-concepts/subjects
"""

from __future__ import annotations

__all__ = ["covers", "has_wildcard", "is_pattern", "is_subject", "matches", "overlap"]

_BLANKS = frozenset(" \t\r\n\x00")


def is_pattern(text: str) -> bool:
    """Return whether one can subscribe to it.

    Example:
        >>> [is_pattern(text) for text in ("a.*.c", "a.>", "a..c", ">.a", "")]
        [True, True, False, False, False]
    """
    if not text or not _BLANKS.isdisjoint(text):
        return False
    tokens = text.split(".")
    return all(tokens) and ">" not in tokens[:-1]


def is_subject(text: str) -> bool:
    """Return whether one can publish to it, as the strict rules have it: no wildcards."""
    return is_pattern(text) and not has_wildcard(text)


def has_wildcard(pattern: str) -> bool:
    """Return whether a pattern matches more than one subject."""
    tokens = pattern.split(".")
    return "*" in tokens or tokens[-1] == ">"


def matches(pattern: str, subject: str) -> bool:
    """Return whether a message to a subject reaches a subscription.

    Example:
        >>> matches("orders.*.paid", "orders.7.paid"), matches("orders.>", "orders")
        (True, False)
    """
    wanted, given = pattern.split("."), subject.split(".")
    for index, token in enumerate(wanted):
        if index >= len(given):
            return False
        if token == ">" and index == len(wanted) - 1:
            return True
        if token not in ("*", given[index]):
            return False
    return len(wanted) == len(given)


def overlap(one: str, other: str) -> bool:
    """Return whether some subject matches both patterns.

    Example:
        >>> overlap("a.*", "*.b"), overlap("a.*", "b.>")
        (True, False)
    """
    first, second = one.split("."), other.split(".")
    for mine, yours in zip(first, second, strict=False):
        if ">" in (mine, yours):
            return True
        if mine != yours and "*" not in (mine, yours):
            return False
    return len(first) == len(second)


def covers(wide: str, narrow: str) -> bool:
    """Return whether a pattern matches every subject that another one matches.

    Example:
        >>> covers("a.>", "a.*.b"), covers("a.*", "a.>")
        (True, False)
    """
    return (
        ">" not in narrow.split(".")[:-1]
        and matches(wide, narrow)
        and (not narrow.endswith(">") or wide.endswith(">"))
    )
