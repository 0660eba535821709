"""Opening in order, closing in reverse."""

from __future__ import annotations

import asyncio

import pytest

from fastnfurious.core.errors import ResourceUnavailable, StartupError
from fastnfurious.core.lifespan import Lifespan


class Part:
    """Write down what happens to it."""

    def __init__(self, name: str, seen: list[str], **fails: Exception) -> None:
        self.name = name
        self._seen = seen
        self._fails = fails

    async def open(self) -> None:
        """Open, or fail."""
        self._seen.append(f"open {self.name}")
        if "open" in self._fails:
            raise self._fails["open"]

    async def aclose(self) -> None:
        """Close, or fail."""
        self._seen.append(f"close {self.name}")
        if "close" in self._fails:
            raise self._fails["close"]


async def live(*parts: Part) -> None:
    """Open parts and close them again."""
    async with Lifespan(parts):
        pass


def test_parts_are_closed_in_reverse() -> None:
    """What was opened last may need what was opened first."""
    seen: list[str] = []
    asyncio.run(live(Part("a", seen), Part("b", seen)))
    assert seen == ["open a", "open b", "close b", "close a"]


def test_a_part_that_cannot_be_opened_is_named() -> None:
    """It and those before it are closed; those after it are never opened."""
    seen: list[str] = []
    parts = [Part("a", seen), Part("b", seen, open=OSError("no disk")), Part("c", seen)]
    with pytest.raises(StartupError, match="b could not be opened: no disk"):
        asyncio.run(live(*parts))
    assert seen == ["open a", "open b", "close b", "close a"]


def test_an_error_of_ours_goes_through_as_it_is() -> None:
    """It says already what to do."""
    with pytest.raises(ResourceUnavailable, match="away"):
        asyncio.run(live(Part("a", [], open=ResourceUnavailable("away"))))


def test_a_part_that_cannot_be_closed_does_not_keep_the_others_open() -> None:
    """Every part gets its chance; the error is raised afterwards."""
    seen: list[str] = []
    with pytest.raises(OSError, match="stuck"):
        asyncio.run(live(Part("a", seen), Part("b", seen, close=OSError("stuck"))))
    assert seen[-2:] == ["close b", "close a"]
