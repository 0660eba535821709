"""Recorded logs: what tests of services find and how they fail."""

from __future__ import annotations

import logging
import re
import warnings

import pytest
from loguru import logger

from fastnfurious.logs.testing import RecordedLogs

from .conftest import Page, Start


def test_lines_of_every_kind_are_recorded() -> None:
    """Lines of loguru, logging and warnings are dicts in the shape of the JSON line."""
    with RecordedLogs() as logs:
        logger.debug("loguru", order=7)
        logging.getLogger("std").debug("logging", extra={"raw": b"x"})
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("warning", stacklevel=1)
    assert logs.messages == ["loguru", "logging", "warning"]
    assert logs.records[0]["extra"] == {"order": 7}
    assert logs.records[1]["extra"] == {"raw": "x"}
    assert logs.records[0]["service"] == "service"


def test_recording_ends_with_the_block() -> None:
    """Lines before and after the block are not recorded, and nothing stays installed."""
    before = (logging.Logger.callHandlers, logging.root.level)
    with RecordedLogs() as logs:
        logger.info("inside")
    logger.disable("nothing")
    assert (logging.Logger.callHandlers, logging.root.level) == before
    assert logs.messages == ["inside"]


@pytest.mark.parametrize("application_first", [True, False])
def test_an_applications_lines_are_recorded(
    start: Start, page: Page, application_first: bool
) -> None:
    """With an application installed before or after, its lines are recorded as it writes them."""
    if application_first:
        app = start(level="WARNING")
    with RecordedLogs() as logs:
        if not application_first:
            app = start(level="WARNING", access=True, levels={"fastnfurious.access": "INFO"})
        app.set_level("fastnfurious.access", "INFO")
        logger.info("too quiet")
        app.redact("s3cret")
        logger.warning("s3cret")
        app.access.write("r", None, None, "GET", "/", "/items", 200, 0.1, None)
        assert logs.find(route="/items"), "held lines are recorded, too"
        assert logs.records == page.lines
        assert logs.find("quiet") is None
        assert logs.find("s3cret") is None


def test_recording_nests() -> None:
    """Each block records what is logged inside it."""
    with RecordedLogs() as outer:
        logger.info("one")
        with RecordedLogs() as inner:
            logger.info("two")
        logger.info("three")
    assert outer.messages == ["one", "two", "three"]
    assert inner.messages == ["two"]


def test_find_matches_message_level_fields_and_extras() -> None:
    """All that is asked for has to match the same line."""
    with RecordedLogs() as logs:
        logger.info("Order 1 placed", order=1)
        logger.warning("Order 2 failed", order=2)
        logging.getLogger("bank").error("Refused")
    found = logs.find("failed", level="warning", order=2)
    assert found is not None and found["message"] == "Order 2 failed"
    assert logs.find(re.compile(r"^Order \d")) == logs.records[0]
    assert logs.find(logger="bank") == logs.records[2]
    assert logs.find("placed", order=2) is None
    assert logs.find(unknown=None) is None
    assert len(logs.find_all("Order")) == 2


def test_find_matches_the_type_of_an_exception() -> None:
    """An exception is named by its class or its name."""
    with RecordedLogs() as logs:
        logger.opt(exception=KeyError("x")).error("failed")
        logger.error("failed otherwise")
    assert logs.find(exception=KeyError) == logs.find(exception="KeyError") == logs.records[0]
    assert logs.find(exception=ValueError) is None
    assert logs.find(exception=None) == logs.records[1]


def test_a_failed_assertion_lists_what_was_logged() -> None:
    """The message says what was looked for and shows each line that there is."""
    with RecordedLogs() as logs:
        logger.bind(order=1).opt(exception=KeyError("x")).info("Order placed")
        assert logs.assert_logged("placed", order=1)["level"] == "INFO"
        with pytest.raises(AssertionError) as failure:
            logs.assert_logged("failed", level="ERROR", order=1)
    assert str(failure.value) == (
        "No line was logged with message='failed', level='ERROR', order=1.\n"
        "These 1 were logged:\n"
        f"  INFO     {__name__}: Order placed order=1 [KeyError]"
    )


def test_an_unwanted_line_is_shown() -> None:
    """A line that must not be there is shown where it is."""
    with RecordedLogs() as logs:
        logs.assert_not_logged("failed")
        logger.error("it failed")
        with pytest.raises(AssertionError, match="A line was logged with message='failed':\n.*it"):
            logs.assert_not_logged("failed")


def test_silence_is_said_to_be_silence() -> None:
    """Without any line the message says so, also after clearing."""
    with RecordedLogs() as logs:
        logger.info("forgotten")
        logs.clear()
        with pytest.raises(AssertionError, match="Nothing was logged"):
            logs.assert_logged("hello")
