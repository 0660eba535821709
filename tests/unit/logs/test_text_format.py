"""Text for people: columns, colours, and when there are any."""

from __future__ import annotations

import io
import logging
import re
import sys

import pytest
from loguru import logger

from fastnfurious.core.context import request_id
from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.logs.integration import Logs
from fastnfurious.logs.settings import LogSettings
from fastnfurious.logs.text_format import is_terminal, wants_colour

from .conftest import Page, Start

ESCAPE = "\x1b["


class Terminal(io.StringIO):
    """A stream that somebody watches."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.mark.parametrize(
    ("environment", "terminal", "other"),
    [
        ({}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_the_environment_decides_about_colour(
    environment: dict[str, str], terminal: bool, other: bool
) -> None:
    """NO_COLOR wins over FORCE_COLOR, which wins over what the stream is."""
    assert wants_colour(Terminal(), environment) is terminal
    assert wants_colour(io.StringIO(), environment) is other


def test_a_closed_stream_is_no_terminal() -> None:
    """A stream that cannot say what it is is not coloured."""
    stream = io.StringIO()
    stream.close()
    assert not is_terminal(stream)


def test_a_line_is_time_level_place_message_and_extras(start: Start, page: Page) -> None:
    """A line of text has its parts in columns, and its extras as pairs."""
    start(format="text")
    token = request_id.set("0123456789abcdef")
    try:
        logging.getLogger("shop").info(
            "Order placed", extra={"order": 7, "by": "Ann B", "items": [1], "empty": ""}
        )
    finally:
        request_id.reset(token)
    pattern = (
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO     shop:\d+ +"
        r'Order placed order=7 by="Ann B" items=\[1\] empty="" request=01234567\n'
    )
    assert re.fullmatch(pattern, page.text)


def test_messages_start_in_one_column(start: Start, page: Page) -> None:
    """Levels and names of different lengths do not move the message."""
    start(format="text", level="TRACE")
    logging.getLogger("a").info("message")
    logging.getLogger("a.very.long.name.of.a.logger.in.a.deep.package").critical("message")
    logger.success("message")
    assert len({line.index("message") for line in page.text.splitlines()}) == 1


def test_the_end_of_a_long_name_is_shown(start: Start, page: Page) -> None:
    """A name that is too long loses its beginning, which says the least."""
    start(format="text")
    logging.getLogger("a.very.long.name.of.a.logger.in.a.deep.package").info("message")
    assert re.search(r" …\S+\.deep\.package:\d+ message", page.text)


def test_colours_frame_what_they_colour(
    start: Start, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its escapes a coloured line is the plain one."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    logs = start(format="text")
    for level in ("TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL"):
        logs.set_level("root", "TRACE")
        logger.bind(order=7).log(level, "message")
    coloured = page.text.splitlines()
    assert all(line.count("\x1b[0m") == line.count(ESCAPE) / 2 == 4 for line in coloured)
    plain = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in coloured]
    assert all(line.endswith("message order=7") for line in plain)
    assert len({line.split("[0m")[1] for line in coloured}) == 7, "each level has a colour"


def test_json_is_never_coloured(start: Start, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours are for text, even where they are forced."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    start(format="json")
    logger.info("hello")
    assert page.line["message"] == "hello"


def test_a_terminal_gets_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """The automatic form on a terminal is text."""
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    logs = Logs(LogSettings.load(), FastNFuriousSettings.load())
    logs.install()
    try:
        logger.info("hello")
    finally:
        logs.restore()
    assert terminal.getvalue().endswith(" hello\n")
    assert not terminal.getvalue().startswith("{")


def test_a_trace_follows_its_line(start: Start, page: Page) -> None:
    """The trace of an exception stands below the line, as Python writes it."""
    start(format="text")
    try:
        raise ValueError("reason")
    except ValueError:
        logger.bind(order=7).exception("failed")
    first, second, *_, last = page.text.splitlines()
    assert first.endswith("failed order=7")
    assert second == "Traceback (most recent call last):"
    assert last == "ValueError: reason"


def test_a_message_cannot_pretend_to_be_a_line(start: Start, page: Page) -> None:
    """Further lines of a message are indented; a client's path stays recognisable."""
    logs = start(format="text")
    logs.access.write("r\n", None, None, "GET", "/\n2026 INFO \x1b[2J", "/", 200, 0.1, None)
    logs.flush()
    assert page.text.count("\n") == 2
    assert page.text.splitlines()[1].startswith("  2026 INFO \\x1b[2J 200")


def test_an_access_line_does_not_repeat_itself(start: Start, page: Page) -> None:
    """The text of an access line holds its facts once."""
    logs = start(format="text")
    logs.access.write("0123456789", None, None, "GET", "/items", "/items", 200, 0.1, "::1")
    logs.flush()
    assert page.text.endswith(
        "fastnfurious.access          GET /items 200 in 100.0 ms request=01234567\n"
    )
