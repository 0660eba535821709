"""The headers ``traceparent`` and ``tracestate``, read without ever raising or logging.

A client can send anything, a thousand times a second; what is malformed is passed over silently.

*Source:* https://www.w3.org/TR/trace-context-2/
"""

from __future__ import annotations

import re

from opentelemetry.trace import SpanContext, TraceFlags, TraceState

__all__ = ["parse_traceparent", "parse_tracestate"]

_LONGEST_PARENT = 512
_LONGEST_STATE = 8192
_MOST_MEMBERS = 32
_PARENT = re.compile(
    r"[ \t]*([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:(-.*)|[ \t]*)"
)
_MEMBER = re.compile(
    r"([a-z][_0-9a-z\-*/]{0,255}|[a-z0-9][_0-9a-z\-*/]{0,240}@[a-z][_0-9a-z\-*/]{0,13})"
    r"=([\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e])"
)
_NO_STATE = TraceState()


def parse_traceparent(parent: str, state: str | None = None) -> SpanContext | None:
    """Return the caller's span; ``None`` if the header is malformed, which starts a new trace.

    Args:
        parent: Value of ``traceparent``.
        state: Value of ``tracestate``, several headers joined by commas.

    Example:
        >>> caller = parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        >>> caller.trace_flags.sampled
        True
        >>> parse_traceparent("nonsense") is None
        True
    """
    if len(parent) > _LONGEST_PARENT:
        return None
    match = _PARENT.fullmatch(parent)
    if match is None:
        return None
    version, trace_id, span_id, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest):
        return None
    context = SpanContext(
        int(trace_id, 16),
        int(span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(int(flags, 16)),
        trace_state=parse_tracestate(state) if state else _NO_STATE,
    )
    return context if context.is_valid else None


def parse_tracestate(state: str) -> TraceState:
    """Return the vendors' entries; one malformed entry discards them all, as the standard asks.

    Example:
        >>> dict(parse_tracestate("vendor=value, other=1"))
        {'vendor': 'value', 'other': '1'}
    """
    if len(state) > _LONGEST_STATE:
        return _NO_STATE
    entries: dict[str, str] = {}
    for member in state.split(","):
        member = member.strip(" \t")
        if not member:
            continue
        match = _MEMBER.fullmatch(member)
        if match is None or match[1] in entries:
            return _NO_STATE
        entries[match[1]] = match[2]
    if len(entries) > _MOST_MEMBERS:
        return _NO_STATE
    return TraceState(list(entries.items()))
