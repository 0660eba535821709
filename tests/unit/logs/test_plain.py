"""JSON whatever is logged: property tests with values made to break it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loguru import logger

from fastnfurious.logs.plain import plain

from .conftest import Page, Start

if TYPE_CHECKING:
    from loguru import Record


class Hostile(Exception):
    """Raises whenever somebody looks at it."""

    def __str__(self) -> str:
        """Refuse."""
        raise RuntimeError("no text")

    __repr__ = __str__


class HostileMapping(Mapping[str, object]):
    """A mapping that fails when it is read."""

    def __getitem__(self, key: str) -> object:
        """Refuse."""
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        """Refuse."""
        raise RuntimeError("no keys")

    def __len__(self) -> int:
        """Promise an entry."""
        return 1


class Talkative:
    """Logs while it is turned into text."""

    def __str__(self) -> str:
        """Log, then answer."""
        logger.info("from inside loguru")
        logging.getLogger("inside").warning("from inside logging")
        return "talkative"


class Colour(Enum):
    """An enumeration of tuples."""

    RED = (255, 0, 0)


class Size(IntEnum):
    """An enumeration of numbers."""

    BIG = 3


def circular() -> list[object]:
    """Return a list that holds itself, inside a dict, too."""
    found: list[object] = [1]
    found.append({"again": found})
    return found


def deep() -> list[object]:
    """Return a list nested a thousand levels deep."""
    found: list[object] = []
    for _ in range(1000):
        found = [found]
    return found


surrogates = st.text(st.characters(codec=None), max_size=20)
hostile: st.SearchStrategy[Any] = st.one_of(
    st.builds(circular), st.builds(deep), st.builds(Hostile), st.builds(HostileMapping)
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=2**64),
    st.builds(pow, st.just(10), st.just(5000)),  # too long for Python to print
    st.floats(),
    st.binary(),
    surrogates,
    st.decimals(),
    st.datetimes(),
    st.complex_numbers(),
    hostile,
)
keys = st.one_of(
    surrogates, st.integers(), st.none(), st.binary(), st.builds(Colour, st.just((255, 0, 0)))
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4), st.tuples(inner)
    ),
    max_leaves=12,
)
many = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def empty(page: Page) -> None:
    """Forget what is on the page."""
    page.seek(0)
    page.truncate()


def saying(message: str) -> Callable[[Record], None]:
    """Return a patch that sets the message, braces and all."""

    def patch(record: Record) -> None:
        record["message"] = message

    return patch


def strictly(text: str) -> Any:
    """Parse JSON as the standard has it, without NaN and Infinity."""

    def refuse(constant: str) -> object:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


@given(value=values)
@many
def test_every_value_fits_json(value: object) -> None:
    """What comes out can always be encoded, within 64 bits and without lone surrogates."""
    strictly(orjson.dumps(plain(value)).decode())


@given(value=values, message=surrogates, name=surrogates)
@many
def test_every_loguru_line_is_one_json_object(
    start: Start, page: Page, value: object, message: str, name: str
) -> None:
    """Whatever message and extra are, there is one line, it parses, and it has its fields."""
    empty(page)
    logs = start()
    logger.bind(**{name: value}).patch(saying(message)).info("")
    logs.restore()
    text, rest = page.text.split("\n")
    line = strictly(text)
    assert rest == ""
    assert line["level"] == "INFO"
    assert isinstance(line["extra"], dict) and len(line["extra"]) == 1


@given(value=values, message=surrogates, name=surrogates)
@many
def test_every_standard_line_is_one_json_object(
    start: Start, page: Page, value: object, message: str, name: str
) -> None:
    """Wrong arguments, odd logger names and hostile extras still give one line that parses."""
    empty(page)
    logs = start()
    extra = {"value": value}
    logging.getLogger("odd" + name).warning(message, value, extra=extra, stack_info=True)
    logs.restore()
    text, rest = page.text.split("\n")
    line = strictly(text)
    assert rest == ""
    assert line["level"] == "WARNING"
    assert set(line["extra"]) == {"value", "stack_info"}


@given(method=surrogates, path=surrogates, client=surrogates)
@many
def test_every_access_line_is_one_json_object(
    start: Start, page: Page, method: str, path: str, client: str
) -> None:
    """Whatever a client sends as its path, its access line parses."""
    empty(page)
    logs = start()
    logs.access.write("r", None, None, method, path, "/{x}", 200, 0.1, client)
    logs.restore()
    text, rest = page.text.split("\n")
    assert strictly(text)["extra"]["status"] == 200


@given(value=values, message=surrogates)
@many
def test_text_lines_hold_nothing_that_controls_a_terminal(
    start: Start, page: Page, value: object, message: str
) -> None:
    """No escape sequence gets through, and no line but the first begins at the margin."""
    empty(page)
    logs = start(format="text")
    logger.bind(value=value).patch(saying(message)).info("")
    logs.restore()
    first, *others = page.text.split("\n")[:-1]
    assert not any(ord(letter) < 32 and letter != "\t" for letter in page.text.replace("\n", ""))
    assert all(other.startswith("  ") for other in others)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"raw \xff", "raw \\xff"),
        ("\ud800", "\\ud800"),
        (2**63, 2**63),
        (2**64, str(2**64)),
        pytest.param(10**5000, hex(10**5000), id="huge"),
        (Decimal("12.50"), "12.50"),
        (Path("/tmp/file"), "/tmp/file"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (datetime(2026, 1, 2, 3, tzinfo=UTC), "2026-01-02T03:00:00+00:00"),
        (date(2026, 1, 2), "2026-01-02"),
        (Colour.RED, [255, 0, 0]),
        (Size.BIG, 3),
        ({1: {"x"}}, {"1": ["x"]}),
        (circular(), [1, {"again": "<circular>"}]),
        (Hostile(), "<Hostile: RuntimeError when asked for its text>"),
        (HostileMapping(), "<HostileMapping: RuntimeError when read>"),
    ],
)
def test_values_keep_their_meaning(value: object, expected: object) -> None:
    """What JSON has no shape for becomes the text that a person would expect."""
    assert plain(value) == expected


def test_the_same_value_twice_is_not_circular() -> None:
    """Only a value inside itself is circular."""
    shared = [1]
    assert plain([shared, shared]) == [[1], [1]]


@pytest.mark.parametrize("log", [logger.exception, logging.getLogger("std").exception])
def test_an_exception_without_text_is_logged(
    start: Start, page: Page, log: Callable[[str], None]
) -> None:
    """The type and the trace of an exception whose ``__str__`` raises are still there."""
    start()
    try:
        raise Hostile
    except Hostile:
        log("failed")
    exception = page.line["exception"]
    assert exception["type"].endswith(".Hostile")
    assert exception["message"] == "<Hostile: RuntimeError when asked for its text>"
    assert "raise Hostile" in exception["trace"]


def test_an_object_may_log_while_it_is_logged(start: Start, page: Page) -> None:
    """Lines written while another one is being made are written, too, and nothing deadlocks."""
    start()
    logger.bind(value=Talkative()).info("outer")
    logging.getLogger("outer").info("outer", extra={"value": Talkative()})
    inside = ["from inside loguru", "from inside logging", "outer"]
    assert [line["message"] for line in page.lines] == inside * 2


def test_a_line_may_be_logged_while_another_is_written(
    start: Start, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A destructor that logs in the middle of a write gets its line after that one."""
    start()
    write = page.write
    interrupted: list[str] = []

    def interrupt(text: str) -> int:
        if not interrupted:
            interrupted.append(text)
            logger.info("from a destructor")
        return write(text)

    monkeypatch.setattr(page, "write", interrupt)
    logger.info("outer")
    logger.info("afterwards")
    assert [line["message"] for line in page.lines] == ["outer", "from a destructor", "afterwards"]


def test_a_record_that_makes_no_line_leaves_a_trace(start: Start, page: Page) -> None:
    """A record that somebody has spoilt is one ERROR line with the reason, and no exception."""
    start()

    def spoil(record: Record) -> None:
        record.pop("time")  # type: ignore[misc]

    logger.patch(spoil).info("hello")
    assert (page.line["level"], page.line["logger"]) == ("ERROR", __name__)
    assert page.line["exception"]["type"] == "KeyError"


def test_an_exception_whose_trace_cannot_be_read_is_logged(
    start: Start, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even Python's own way of showing an exception may fail a line."""

    def refuse(*error: object) -> list[str]:
        raise RecursionError

    monkeypatch.setattr("traceback.format_exception", refuse)
    start()
    logger.opt(exception=ValueError("reason")).error("failed")
    exception = page.line["exception"]
    assert exception["message"] == "reason"
    assert exception["trace"] == "<ValueError: RecursionError when its trace was read>"


def test_a_value_that_logs_itself_ends(start: Start, page: Page) -> None:
    """Endless recursion through a value's text ends in lines, not in a crash."""
    start()

    class Endless:
        def __str__(self) -> str:
            logging.getLogger("endless").warning("again", extra={"value": self})
            return "endless"

    logging.getLogger("endless").warning("once", extra={"value": Endless()})
    assert page.lines[-1]["message"] == "once"


def test_wrong_arguments_keep_the_message(start: Start, page: Page) -> None:
    """A message whose arguments do not fit is shown with them."""
    start()
    logging.getLogger("std").warning("%d items of %s", "two")
    assert page.line["message"] == "%d items of %s ['two']"
