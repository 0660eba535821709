"""The frozen clock and the counted identifiers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnfurious.core.clock import Clock
from fastnfurious.core.identifiers import IdentifierFactory
from fastnfurious.testing import FrozenClock, SequentialIdentifiers


def test_a_clock_stands_still_until_it_is_moved() -> None:
    """Both of its times move together, and only when told."""
    clock = FrozenClock()
    any_clock: Clock = clock
    assert any_clock.now() == any_clock.now() == datetime(2030, 1, 1, tzinfo=UTC)
    clock.advance(1.5)
    assert (clock.now().microsecond, clock.monotonic()) == (500_000, 1.5)


def test_a_clock_tells_utc_whatever_it_was_set_to() -> None:
    """A start in another zone is the same moment."""
    start = datetime(2030, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert FrozenClock(start).now().isoformat() == "2030-01-01T00:00:00+00:00"


def test_a_time_without_a_zone_is_refused() -> None:
    """Nobody has to guess which clock on which wall was meant."""
    with pytest.raises(ValueError, match="2030-01-01T00:00:00 has no time zone; add tzinfo=UTC"):
        FrozenClock(datetime(2030, 1, 1))


def test_a_clock_does_not_go_back() -> None:
    """Code may rely on time that grows."""
    with pytest.raises(ValueError, match="only moves forward, not by -1 s"):
        FrozenClock().advance(-1)


@given(st.lists(st.integers(0, 1000)))
def test_a_clock_moves_by_the_sum_of_its_steps(steps: list[int]) -> None:
    """Many small steps are one large one."""
    clock = FrozenClock()
    for step in steps:
        clock.advance(step)
    assert clock.monotonic() == sum(steps)
    assert clock.now() - datetime(2030, 1, 1, tzinfo=UTC) == timedelta(seconds=sum(steps))


def test_identifiers_count_up_in_the_shape_of_trace_ids() -> None:
    """Each has 32 digits, and all that were handed out are remembered."""
    identifiers = SequentialIdentifiers(start=255)
    factory: IdentifierFactory = identifiers
    assert [factory(), factory()] == identifiers.issued == [f"{255:032x}", f"{256:032x}"]
