"""Moments, as JetStream writes them: nanoseconds here, RFC 3339 in answers.

*Source:* https://www.rfc-editor.org/rfc/rfc3339
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

__all__ = ["NO_TIME", "SECOND", "format_duration", "format_time", "parse_duration", "parse_time"]

SECOND = 1_000_000_000
NO_TIME = "0001-01-01T00:00:00Z"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WITH_FRACTION = re.compile(r"(.*?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_UNITS = {"ns": 1, "us": 1000, "µs": 1000, "ms": 1_000_000, "s": SECOND}
_UNITS |= {"m": 60 * SECOND, "h": 3600 * SECOND}


def format_time(moment: int) -> str:
    """Return a moment in words.

    Example:
        >>> format_time(1_500_000_000)
        '1970-01-01T00:00:01.5Z'
    """
    seconds, rest = divmod(moment, SECOND)
    whole = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{rest:09}".rstrip("0") if rest else ""
    return f"{whole}{fraction}Z"


def parse_time(text: str) -> int:
    """Return the moment that the words say, in nanoseconds.

    Raises:
        ValueError: It is no moment.

    Example:
        >>> parse_time("1970-01-01T00:00:01.5Z")
        1500000000
    """
    found = _WITH_FRACTION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no RFC 3339 time")
    whole, fraction, zone = found.groups()
    moment = datetime.fromisoformat(whole + zone.replace("Z", "+00:00"))
    return (moment - _EPOCH) // timedelta(seconds=1) * SECOND + int((fraction or "").ljust(9, "0"))


def parse_duration(text: str) -> int:
    """Return a length of time, in nanoseconds, that is written as ``1m30s`` or ``250ms``.

    Raises:
        ValueError: It is none.

    Example:
        >>> parse_duration("1m1.5s"), parse_duration("2ms")
        (61500000000, 2000000)
    """
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is no duration")
    return sum(int(float(number) * _UNITS[unit]) for number, unit in parts)


def format_duration(length: int) -> str:
    """Return a length of time in words.

    Example:
        >>> format_duration(90 * SECOND), format_duration(1_500_000)
        ('1m30s', '1.5ms')
    """
    if length < SECOND:
        unit = "ms" if length >= 1_000_000 else "µs" if length >= 1000 else "ns"
        return f"{length / _UNITS[unit]:.9g}{unit}"
    minutes, rest = divmod(length, 60 * SECOND)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest / SECOND:.9g}s"
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + seconds
