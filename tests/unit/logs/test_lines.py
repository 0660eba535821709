"""Lines: their shape, where they come from, and what they know of the request."""

from __future__ import annotations

import asyncio
import functools
import inspect
import io
import logging
import threading
import warnings
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from loguru import logger
from opentelemetry import context, trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from fastnfurious.core.context import request_id
from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.logs import interception
from fastnfurious.logs.integration import Logs
from fastnfurious.logs.settings import LogSettings

from .conftest import Page, Start

KEYS = [
    "time",
    "level",
    "logger",
    "message",
    "service",
    "version",
    "environment",
    "request_id",
    "trace_id",
    "span_id",
    "source",
    "extra",
    "exception",
]


class Noon:
    """A clock that stands still."""

    def now(self) -> datetime:
        """Return noon, as somebody east of Greenwich sees it."""
        return datetime(2026, 5, 4, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        """Return the start."""
        return 0.0


def here() -> int:
    """Return the number of the line that calls."""
    frame = inspect.currentframe()
    assert frame is not None and frame.f_back is not None
    return frame.f_back.f_lineno


def source(line: int, function: str) -> dict[str, Any]:
    """Return the source of a line of this file."""
    return {"file": __file__, "line": line, "function": function}


def test_every_line_has_every_key_in_the_same_order(start: Start, page: Page) -> None:
    """Lines of loguru, the standard library, warnings and requests have one shape."""
    logs = start()
    logger.info("loguru")
    logging.getLogger("std").info("logging")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("warning", stacklevel=1)
    logs.access.write("r", None, None, "GET", "/", "/", 200, 0.1, None)
    logs.flush()
    assert [list(line) for line in page.lines] == [KEYS] * 4


def test_a_line_names_its_service(start: Start, page: Page) -> None:
    """Name, version and environment come from the service's settings."""
    service = FastNFuriousSettings.load(
        service_name="shop", service_version="1.2.3", environment="staging"
    )
    start(service=service)
    logger.info("hello")
    line = page.line
    found = (line["service"], line["version"], line["environment"])
    assert found == ("shop", "1.2.3", "staging")


def test_the_time_is_rfc_3339_in_utc(start: Start, page: Page) -> None:
    """The time is that of the line, in UTC, to the microsecond."""
    before = datetime.now(UTC)
    start()
    logger.info("loguru")
    logging.getLogger("std").info("logging")
    after = datetime.now(UTC) + timedelta(microseconds=1)
    for line in page.lines:
        assert line["time"].endswith("Z") and len(line["time"]) == 27
        assert before - timedelta(milliseconds=1) <= datetime.fromisoformat(line["time"]) <= after


def test_the_clock_can_be_frozen(start: Start, page: Page) -> None:
    """A clock that is handed in gives the time of every line."""
    logs = start(clock=Noon())
    logger.info("loguru")
    logging.getLogger("std").info("logging")
    logs.access.write("r", None, None, "GET", "/", "/", 200, 0.1, None)
    logs.flush()
    assert {line["time"] for line in page.lines} == {"2026-05-04T12:00:00.000000Z"}


def test_loguru_names_its_caller(start: Start, page: Page) -> None:
    """File, line, function and module are those of the call."""
    start()
    number = here() + 1
    logger.info("hello")
    assert page.line["source"] == source(number, "test_loguru_names_its_caller")
    assert page.line["logger"] == __name__


def test_loguru_depth_names_the_callers_caller(start: Start, page: Page) -> None:
    """A wrapper that logs with a depth is not the source of its lines."""
    start()

    def wrapper() -> None:
        logger.opt(depth=1).info("hello")

    number = here() + 1
    wrapper()
    assert page.line["source"] == source(number, "test_loguru_depth_names_the_callers_caller")


def test_the_standard_library_names_its_caller(start: Start, page: Page) -> None:
    """The source of a standard line is the call, also of one with a stack level."""
    start()

    def wrapper() -> None:
        logging.getLogger("std").warning("hello", stacklevel=2)

    first = here() + 1
    logging.getLogger("std").warning("hello")
    second = here() + 1
    wrapper()
    name = "test_the_standard_library_names_its_caller"
    assert [line["source"] for line in page.lines] == [source(first, name), source(second, name)]
    assert page.lines[0]["logger"] == "std"


def test_a_warning_names_the_line_warned_about(start: Start, page: Page) -> None:
    """A warning is one line, at the place of the warning, with its category."""
    start()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        number = here() + 1
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    line = page.line
    assert (line["logger"], line["level"], line["message"]) == ("py.warnings", "WARNING", "old")
    assert (line["source"]["file"], line["source"]["line"]) == (__file__, number)
    assert line["extra"] == {"category": "DeprecationWarning"}


def test_a_warning_meant_for_a_file_goes_there(
    start: Start, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks for a warning in a file gets it, as without us."""
    given: list[object] = []
    monkeypatch.setattr(interception, "_show_warning", lambda *warning: given.extend(warning))
    start()
    file = io.StringIO()
    warnings.showwarning("to a file", UserWarning, "x.py", 1, file)
    assert given == ["to a file", UserWarning, "x.py", 1, file, None]
    assert page.text == ""


def test_warnings_have_a_level_of_their_own(start: Start, page: Page) -> None:
    """Switching the logger of warnings off makes them silent."""
    start(levels={"py.warnings": "ERROR"})
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("silent", stacklevel=1)
    assert page.text == ""


def test_extras_keep_their_shape(start: Start, page: Page) -> None:
    """Bound values, call arguments and contexts of loguru are extras; so are those of logging."""
    start()
    with logger.contextualize(shop="north"):
        logger.bind(user={"id": 1}).info("hello {name}", name="Ann")
    logging.getLogger("std").info("hello", extra={"items": [1, 2]})
    assert page.lines[0]["extra"] == {"shop": "north", "user": {"id": 1}, "name": "Ann"}
    assert page.lines[0]["message"] == "hello Ann"
    assert page.lines[1]["extra"] == {"items": [1, 2]}


def test_raw_and_coloured_messages_are_ordinary_lines(start: Start, page: Page) -> None:
    """loguru's ways around a formatter do not get around ours."""
    start()
    logger.opt(raw=True).info("raw\n")
    logger.opt(colors=True).info("<red>red</red>")
    assert [line["message"] for line in page.lines] == ["raw\n", "red"]


def test_an_exception_has_type_message_and_trace(start: Start, page: Page) -> None:
    """The cause of an exception is part of its trace; the type is named in full."""
    start()
    try:
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise asyncio.InvalidStateError("outer") from error
    except asyncio.InvalidStateError:
        logger.exception("failed")
    exception = page.line["exception"]
    assert exception["type"] == "asyncio.exceptions.InvalidStateError"
    assert exception["message"] == "outer"
    assert "KeyError: 'inner'" in exception["trace"]
    assert "The above exception was the direct cause" in exception["trace"]


def test_an_exception_that_is_none_is_none(start: Start, page: Page) -> None:
    """Asking for the current exception where there is none gives a plain line."""
    start()
    logger.exception("no exception")
    logging.getLogger("std").error("no exception", exc_info=True)
    assert [line["exception"] for line in page.lines] == [None, None]


def test_lines_carry_request_and_trace(start: Start, page: Page) -> None:
    """Within a request each line carries its ids, whoever writes it; outside, none."""
    start()
    span = NonRecordingSpan(SpanContext(0xABC, 0xDEF, False, TraceFlags(0)))
    attached = context.attach(trace.set_span_in_context(span))
    token = request_id.set("request-1")
    try:
        logger.info("loguru")
        logging.getLogger("third.party").info("logging")
    finally:
        request_id.reset(token)
        context.detach(attached)
    logger.info("outside")
    ids = [(line["request_id"], line["trace_id"], line["span_id"]) for line in page.lines]
    inside = ("request-1", f"{0xABC:032x}", f"{0xDEF:016x}")
    assert ids == [inside, inside, (None, None, None)]


def test_concurrent_requests_keep_their_ids(start: Start, page: Page) -> None:
    """Lines of requests that run at the same time do not exchange their ids."""
    start()

    async def request(number: int) -> None:
        request_id.set(f"request-{number}")
        await asyncio.sleep(0)
        logging.getLogger("std").info(f"request-{number}")
        await asyncio.to_thread(logger.info, f"request-{number}")

    async def serve() -> None:
        await asyncio.gather(*map(request, range(20)))

    asyncio.run(serve())
    assert len(page.lines) == 40
    assert all(line["message"] == line["request_id"] for line in page.lines)


def test_threads_write_whole_lines(start: Start, page: Page) -> None:
    """Lines of many threads at once are all there, and each of them is whole."""
    logs = start(access_buffer=7)

    def work(number: int) -> None:
        for index in range(50):
            logger.info("{}-{}", number, index)
            logs.access.write(f"{number}-{index}", None, None, "GET", "/", "/", 200, 0.1, None)

    threads = [threading.Thread(target=functools.partial(work, number)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    logs.flush()
    assert len(page.lines) == 400
    assert len({line["message"] for line in page.lines if line["source"]}) == 200


@pytest.mark.parametrize("written", ["auto", "json"])
def test_a_stream_without_a_terminal_gets_json(page: Page, written: str) -> None:
    """A pipe, a file and a test get JSON unless text is asked for."""
    logs = Logs(LogSettings.load(format=written), FastNFuriousSettings.load(), stream=page)
    logs.install()
    try:
        logger.info("hello")
    finally:
        logs.restore()
    assert page.line["message"] == "hello"
