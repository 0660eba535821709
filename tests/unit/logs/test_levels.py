"""Levels: names, inheritance, and changes while the process runs."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger

from fastnfurious.core.errors import ConfigurationError
from fastnfurious.logs.levels import LEVELS, Levels, level_name, level_number

from .conftest import Page, Start

names = st.lists(st.sampled_from(["shop", "orders", "basket"]), min_size=1, max_size=4).map(
    ".".join
)
levels = st.sampled_from(list(LEVELS))


@given(name=levels)
def test_each_level_name_keeps_its_number(name: str) -> None:
    """A name turned into a number and back is the same name, in lower case, too."""
    assert level_name(level_number(name.lower())) == name


@given(root=levels, own=st.dictionaries(names, levels), asked=names)
def test_a_logger_follows_its_nearest_ancestor(root: str, own: dict[str, str], asked: str) -> None:
    """The threshold of a logger is that of the longest name above it that has a level."""
    above = [name for name in own if f"{asked}.".startswith(f"{name}.")]
    expected = own[max(above, key=len)] if above else root
    found = Levels(root, own)
    assert found.threshold(asked) == LEVELS[expected]
    assert found.threshold(asked) == LEVELS[expected], "also when it is remembered"


def test_remembered_thresholds_are_bounded() -> None:
    """Asking for ever new names does not fill the memory."""
    found = Levels("INFO", {})
    for number in range(10_000):
        found.threshold(f"name{number}")
    assert len(found._remembered) < 5000


@pytest.mark.parametrize("level", ["LOUD", "", "20", "INFO DEBUG"])
def test_an_unknown_level_is_refused_by_name(start: Start, level: str) -> None:
    """The error names what was asked for and lists what is accepted; nothing changes."""
    logs = start()
    before = logs.levels()
    with pytest.raises(ConfigurationError, match="is not a log level: use one of TRACE, DEBUG"):
        logs.set_level("shop", level)
    assert logs.levels() == before


def test_the_root_cannot_inherit(start: Start) -> None:
    """NOTSET is refused for the root, which has no parent."""
    with pytest.raises(ConfigurationError, match="not possible for the root"):
        start().set_level("root", "NOTSET")


def test_settings_give_single_loggers_their_level(start: Start, page: Page) -> None:
    """A logger named in the settings is quieter or louder than the rest."""
    start(level="INFO", levels={"noisy": "ERROR", "curious": "DEBUG"})
    logging.getLogger("noisy.child").warning("no")
    logging.getLogger("curious.child").debug("yes")
    logging.getLogger("other").debug("no")
    assert [line["message"] for line in page.lines] == ["yes"]


def test_loguru_follows_the_level_of_its_module(start: Start, page: Page) -> None:
    """A module's level decides about its loguru lines, at once and in both directions."""
    logs = start(level="WARNING")
    logger.info("before")
    logs.set_level(__name__, "debug")
    logger.debug("louder")
    logs.set_level(__name__, "OFF")
    logger.critical("silent")
    logs.set_level(__name__, "NOTSET")
    logger.info("as before")
    logger.warning("as before, too")
    assert [line["message"] for line in page.lines] == ["louder", "as before, too"]


def test_a_change_reaches_standard_loggers(start: Start, page: Page) -> None:
    """Changing a level changes what the library itself sees, so that it can save the work."""
    logs = start()
    library = logging.getLogger("library.part")
    assert not library.isEnabledFor(logging.DEBUG)
    logs.set_level("library", "DEBUG")
    assert library.isEnabledFor(logging.DEBUG)
    library.debug("details")
    assert page.line["level"] == "DEBUG"


def test_levels_lists_what_explains_missing_lines(start: Start) -> None:
    """The root comes first; our levels, and those a library has set, follow."""
    library = logging.getLogger("library.with.level")
    library.setLevel(logging.ERROR)
    try:
        found = start(levels={"shop": "DEBUG"}).levels()
    finally:
        library.setLevel(logging.NOTSET)
    assert next(iter(found)) == "root"
    assert found["root"] == "INFO"
    assert found["shop"] == "DEBUG"
    assert found["library.with.level"] == "ERROR"


def test_lines_that_nobody_wants_cost_no_record(start: Start) -> None:
    """loguru itself is told the lowest level, and drops what is below before doing any work."""
    logs = start(level="INFO")
    asked: list[str] = []
    logger.patch(lambda record: asked.append("record")).debug("unwanted")
    assert asked == []
    logs.set_level("elsewhere", "DEBUG")
    logger.patch(lambda record: asked.append("record")).debug("unwanted")
    assert asked == ["record"]


def test_a_level_that_only_the_standard_library_has_is_written(start: Start, page: Page) -> None:
    """A line at an odd number is neither lost nor an error."""
    start(level="TRACE")
    logging.getLogger("odd").log(15, "fifteen")
    logging.getLogger("odd").log(5, "five")
    assert [line["level"] for line in page.lines] == ["Level 15", "TRACE"]
