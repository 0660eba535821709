"""What a publisher may ask for in headers: de-duplication, checks before storing, roll-ups, expiry.

*Source:* https://docs.nats.io/nats-concepts/jetstream/headers
"""

from __future__ import annotations

from collections.abc import Mapping

from fastnfurious.nats.embedded.jetstream.errors import ApiError, Fault
from fastnfurious.nats.embedded.jetstream.store import MessageStore
from fastnfurious.nats.embedded.jetstream.stream_config import StreamConfig
from fastnfurious.nats.embedded.jetstream.timestamps import SECOND, parse_duration

__all__ = ["MESSAGE_ID", "check_headers", "check_last_id", "lifetime", "rollup"]

MESSAGE_ID = "Nats-Msg-Id"
_STREAM = "Nats-Expected-Stream"
_LAST = "Nats-Expected-Last-Sequence"
_LAST_OF_SUBJECT = "Nats-Expected-Last-Subject-Sequence"
_SUBJECT = "Nats-Expected-Last-Subject-Sequence-Subject"
_LAST_ID = "Nats-Expected-Last-Msg-Id"
_LIFETIME = "Nats-TTL"
_ROLLUP = "Nats-Rollup"
_NEVER = "never"
_DISABLED = {
    "Nats-Incr": Fault.COUNTERS_DISABLED,
    "Nats-Schedule": Fault.SCHEDULES_DISABLED,
    "Nats-Batch-Id": Fault.BATCHES_DISABLED,
}


def check_headers(
    headers: Mapping[str, str], subject: str, config: StreamConfig, store: MessageStore
) -> None:
    """Check what a publisher expects of the stream.

    Raises:
        ApiError: It is otherwise.
    """
    for name, fault in _DISABLED.items():
        if name in headers:
            raise ApiError(fault)
    if headers.get(_STREAM, config.name) != config.name:
        raise ApiError(Fault.EXPECTED_STREAM)
    if lifetime(headers) and not config.allow_msg_ttl:
        raise ApiError(Fault.TTL_DISABLED)
    _check_subject(headers, subject, store)
    if _LAST in headers and _number(headers[_LAST]) != store.last:
        raise ApiError(Fault.WRONG_LAST_SEQUENCE, store.last)


def _check_subject(headers: Mapping[str, str], subject: str, store: MessageStore) -> None:
    if _LAST_OF_SUBJECT not in headers:
        if _SUBJECT in headers:
            raise ApiError(Fault.SUBJECT_WITHOUT_SEQUENCE)
        return
    last = store.last_of(headers.get(_SUBJECT, subject))
    if _number(headers[_LAST_OF_SUBJECT]) != last:
        raise ApiError(Fault.WRONG_LAST_SEQUENCE, last)


def check_last_id(headers: Mapping[str, str], last_id: str) -> None:
    """Check the id of the last message, if the publisher asks for that.

    Raises:
        ApiError: It is another one.
    """
    if _LAST_ID in headers and headers[_LAST_ID] != last_id:
        raise ApiError(Fault.WRONG_LAST_ID, last_id)


def lifetime(headers: Mapping[str, str]) -> int:
    """Return how long the publisher wants the message kept, in nanoseconds; 0 for as ever.

    Raises:
        ApiError: It is no time, or less than a second.
    """
    text = headers.get(_LIFETIME)
    if text is None:
        return 0
    if text == _NEVER:
        return -1
    try:
        found = int(text) * SECOND if text.isdecimal() else parse_duration(text)
    except ValueError:
        found = 0
    if found < SECOND:
        raise ApiError(Fault.INVALID_TTL)
    return found


def rollup(headers: Mapping[str, str], config: StreamConfig) -> str:
    """Return what the message takes the place of: ``sub``, ``all``, or nothing.

    Raises:
        ApiError: It may not, or it is neither.
    """
    wanted = headers.get(_ROLLUP, "")
    if not wanted:
        return ""
    if not config.allow_rollup_hdrs:
        raise ApiError(Fault.ROLLUP_FAILED, "rollup not permitted")
    if wanted not in ("sub", "all"):
        raise ApiError(Fault.ROLLUP_FAILED, f'rollup value invalid: "{wanted}"')
    return wanted


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else -1
