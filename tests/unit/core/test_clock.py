"""Time, identifiers and context: what may be handed in and frozen."""

from __future__ import annotations

import os
import subprocess
import sys
from contextvars import copy_context
from datetime import UTC

import pytest

from fastnfurious.core.clock import Clock, SystemClock
from fastnfurious.core.context import request_id
from fastnfurious.core.identifiers import new_identifier


def test_the_system_clock_tells_utc_and_never_goes_back() -> None:
    """Times carry their zone, and durations are never negative."""
    clock: Clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= clock.monotonic()


def test_identifiers_have_the_shape_of_a_trace_id_and_differ() -> None:
    """Each has 32 hexadecimal digits, and none comes twice."""
    identifiers = {new_identifier() for _ in range(1000)}
    assert len(identifiers) == 1000
    assert all(len(each) == 32 and int(each, 16) >= 0 for each in identifiers)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system starts processes in another way")
def test_a_forked_process_makes_identifiers_of_its_own() -> None:
    """Workers that are forked from one process do not hand out the same ids."""
    fork = (
        "import os; from fastnfurious.core.identifiers import new_identifier as new; "
        "new(); os.fork() and os.wait(); print(new(), flush=True)"
    )
    done = subprocess.run([sys.executable, "-c", fork], capture_output=True, text=True, check=True)
    assert len(set(done.stdout.split())) == 2


def test_the_request_id_is_bound_to_its_context() -> None:
    """What one request sets, no other sees."""
    context = copy_context()
    context.run(request_id.set, "one")
    assert context[request_id] == "one"
    assert request_id.get() is None
