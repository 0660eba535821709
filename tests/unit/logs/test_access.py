"""The access log: what its lines say, and when they are written."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest
from loguru import logger

from fastnfurious.logs.access import AccessLog

from .conftest import Page, Start

LONG = {"access_flush_seconds": 60}


def write(access: AccessLog, path: str = "/items/7", status: int = 200, **other: Any) -> None:
    """Log a request."""
    options: dict[str, Any] = {"trace_id": None, "span_id": None, "client": "127.0.0.1", **other}
    access.write(
        request_id="request-1",
        method="GET",
        path=path,
        route="/items/{id}",
        status=status,
        duration=0.0123456789,
        **options,
    )


def wait_for_lines(page: Page, count: int) -> None:
    """Wait until the page holds that many lines."""
    limit = time.monotonic() + 10
    while page.text.count("\n") < count and time.monotonic() < limit:
        time.sleep(0.005)
    assert page.text.count("\n") == count


def test_a_line_says_all_of_a_request(start: Start, page: Page) -> None:
    """Method, path, route, status, duration in seconds, client and ids are fields."""
    logs = start()
    write(logs.access, trace_id="a" * 32, span_id="b" * 16)
    logs.flush()
    line = page.line
    assert (line["logger"], line["level"]) == ("fastnfurious.access", "INFO")
    assert line["message"] == "GET /items/7 200 in 12.3 ms"
    assert line["request_id"] == "request-1"
    assert (line["trace_id"], line["span_id"]) == ("a" * 32, "b" * 16)
    assert line["extra"] == {
        "method": "GET",
        "path": "/items/7",
        "route": "/items/{id}",
        "status": 200,
        "duration": 0.012346,
        "client": "127.0.0.1",
    }


def test_lines_wait_for_each_other(start: Start, page: Page) -> None:
    """A single line is held back until somebody asks for it."""
    logs = start(**LONG)
    write(logs.access)
    assert page.text == ""
    logs.access.flush()
    assert len(page.lines) == 1


def test_lines_are_written_after_a_moment(start: Start, page: Page) -> None:
    """Without anything else happening, lines come out by themselves, time after time."""
    logs = start(access_flush_seconds=0.01)
    for number in (1, 2, 3):
        write(logs.access)
        wait_for_lines(page, number)


def test_a_full_buffer_is_written(start: Start, page: Page) -> None:
    """No more lines are held than the settings allow."""
    logs = start(access_buffer=3, **LONG)
    for number in range(7):
        write(logs.access, f"/items/{number}")
    paths = [line["extra"]["path"] for line in page.lines]
    assert paths == [f"/items/{number}" for number in range(6)]


def test_a_server_error_is_written_at_once(start: Start, page: Page) -> None:
    """A request that failed on the server is an ERROR line, and brings those before it along."""
    logs = start(**LONG)
    write(logs.access, status=404)
    write(logs.access, status=500)
    assert [line["level"] for line in page.lines] == ["INFO", "ERROR"]


@pytest.mark.parametrize("log", [logger.info, logging.getLogger("std").error])
def test_other_lines_keep_the_order(start: Start, page: Page, log: Any) -> None:
    """A line of the service comes after the requests that ended before it."""
    logs = start(**LONG)
    write(logs.access, "/before")
    log("between")
    write(logs.access, "/after")
    logs.flush()
    said = [line["extra"].get("path", line["message"]) for line in page.lines]
    assert said == ["/before", "between", "/after"]


def test_closing_writes_what_is_held(start: Start, page: Page) -> None:
    """No line is lost at shutdown."""
    logs = start(**LONG)
    write(logs.access)
    logs.restore()
    assert len(page.lines) == 1


@pytest.mark.parametrize(
    ("code", "level"), [(1000, "INFO"), (1001, "INFO"), (1011, "ERROR"), (4000, "INFO")]
)
def test_the_close_code_of_a_websocket_is_no_http_status(
    start: Start, page: Page, code: int, level: str
) -> None:
    """Only the close code with which a server says that it failed is an error."""
    logs = start(**LONG)
    write(logs.access, status=code)
    logs.flush()
    assert page.line["level"] == level


def test_nothing_is_written_before_and_after(start: Start, page: Page) -> None:
    """An application that is not running keeps no lines."""
    logs = start()
    logs.restore()
    write(logs.access)
    logs.flush()
    assert page.text == ""
    logs.install()
    write(logs.access)
    logs.flush()
    assert len(page.lines) == 1


def test_the_access_log_can_be_switched_off(start: Start, page: Page) -> None:
    """LOG_ACCESS=false leaves no access line, not even of an error."""
    logs = start(access=False)
    write(logs.access)
    write(logs.access, status=500)
    logs.flush()
    assert page.text == ""


@pytest.mark.parametrize(
    ("level", "statuses"),
    [("INFO", [200, 499, 500]), ("WARNING", [500]), ("ERROR", [500]), ("CRITICAL", [])],
)
def test_the_level_decides(start: Start, page: Page, level: str, statuses: list[int]) -> None:
    """The level of the access logger, its own or the root's, decides which lines there are."""
    for logs in (start(level=level), start(levels={"fastnfurious": level}), start()):
        page.seek(0)
        page.truncate()
        logs.install()
        if logs.settings.level == "INFO" and not logs.settings.levels:
            logs.set_level("fastnfurious.access", level)
        for status in (200, 499, 500):
            write(logs.access, status=status)
        logs.flush()
        assert [line["extra"]["status"] for line in page.lines] == statuses


def test_facts_that_cannot_be_a_line_leave_a_trace(start: Start, page: Page) -> None:
    """A mistake of whoever logs is one ERROR line with the reason; the other lines are there."""
    logs = start(**LONG)
    logs.access.write("r", None, None, "GET", "/", "/", 200, "long", None)  # type: ignore[arg-type]
    write(logs.access)
    logs.flush()
    assert [line["level"] for line in page.lines] == ["ERROR", "INFO"]
    assert page.lines[0]["exception"]["type"] == "ValueError"
