"""Which subscriptions a message reaches: a model, the embedded server and nats-server agree."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastnfurious.nats.embedded.subjects import is_pattern, matches
from tests.conformance.nats.conftest import Clients

TOKENS = st.sampled_from(["a", "b", "cc", "*x", "x>"])
SUBJECTS = st.lists(TOKENS, min_size=1, max_size=4).map(".".join)
PATTERNS = st.builds(
    lambda tokens, end: ".".join([*tokens, *end]) or "*",
    st.lists(st.one_of(TOKENS, st.just("*")), max_size=4),
    st.sampled_from([[], [">"]]),
)


def model(pattern: str, subject: str) -> bool:
    """Say the rules once more, as a regular expression."""
    parts = [{"*": r"[^.]+"}.get(token, re.escape(token)) for token in pattern.split(".")]
    if pattern == ">" or pattern.endswith(".>"):
        parts[-1] = ".+"
    return re.fullmatch(r"\.".join(parts), subject) is not None


@given(PATTERNS, SUBJECTS)
def test_matching_follows_the_model(pattern: str, subject: str) -> None:
    """Wildcards stand for whole parts."""
    assert is_pattern(pattern)
    assert matches(pattern, subject) == model(pattern, subject)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(patterns=st.lists(PATTERNS, min_size=1, max_size=8), subjects=st.lists(SUBJECTS, max_size=8))
async def test_servers_follow_the_model(
    clients: Clients, patterns: list[str], subjects: list[str]
) -> None:
    """Every message reaches exactly the subscriptions that match it."""
    wire = await clients.wire()
    for sid, pattern in enumerate(patterns):
        wire.send(b"SUB %s %d" % (pattern.encode(), sid))
    for subject in subjects:
        wire.send(b"PUB %s 1" % subject.encode(), b"x")
    got = re.findall(rb"MSG (\S+) (\d+) 1\r\n", await wire.settle())
    for sid in range(len(patterns)):
        wire.send(b"UNSUB %d" % sid)
    expected = [
        (subject.encode(), b"%d" % sid)
        for subject in subjects
        for sid, pattern in enumerate(patterns)
        if model(pattern, subject)
    ]
    assert sorted(got) == sorted(expected)
