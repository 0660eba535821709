"""Taking over: no line escapes, none appears twice, and nothing is left behind."""

from __future__ import annotations

import asyncio
import io
import logging
import logging.config
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from loguru import logger

from fastnfurious.core.errors import mark_logged
from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.logs.integration import Logs
from fastnfurious.logs.settings import LogSettings

from .conftest import Page, Start

SERVER: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr"}},
    "loggers": {
        "uvicorn": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "uvicorn.access": {"handlers": ["console"], "level": "INFO", "propagate": False},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
}


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """Give the loggers that tests configure their earlier state back."""
    names = ["uvicorn", "uvicorn.error", "uvicorn.access", "library"]
    found = [logging.root, *map(logging.getLogger, names)]
    before = [(each, each.level, list(each.handlers), each.propagate) for each in found]
    yield
    for each, level, handlers, propagate in before:
        each.setLevel(level)
        each.handlers[:] = handlers
        each.propagate = propagate


def state() -> list[object]:
    """Return everything that belongs to the process and that logs take over."""
    core = logger._core  # type: ignore[attr-defined]
    named = logging.root.manager.loggerDict.values()
    loggers = [each for each in named if isinstance(each, logging.Logger)]
    return [
        logging.Logger.callHandlers,
        logging.Handler.handle,
        warnings.showwarning,
        dict(core.handlers),
        core.min_level,
        logging.root.level,
        list(logging.root.handlers),
        {each.name: each.level for each in loggers if each.level != logging.NOTSET},
    ]


def test_nothing_is_left_behind(start: Start) -> None:
    """After the logs are closed, loguru, logging and warnings are as they were."""
    before = state()
    logs = start(levels={"library": "DEBUG", "uvicorn.error": "ERROR"})
    assert state() != before
    logs.set_level("library", "ERROR")
    logs.restore()
    assert state() == before
    logs.restore()
    assert state() == before, "closing twice is safe"


def test_installing_twice_writes_once(start: Start, page: Page) -> None:
    """Installing again does not repeat a line."""
    logs = start()
    logs.install()
    logger.info("loguru")
    logging.getLogger("library").info("logging")
    assert [line["message"] for line in page.lines] == ["loguru", "logging"]


def test_the_last_application_gets_the_lines(page: Page) -> None:
    """Of two applications the last writes; when it closes, in whichever order, the other does."""
    other = Page()
    settings, service = LogSettings.load(format="json"), FastNFuriousSettings.load()
    one = Logs(settings, service, stream=page)
    two = Logs(settings, service, stream=other)
    before = state()
    one.install()
    two.install()
    logger.info("for two")
    two.restore()
    logger.info("for one")
    two.install()
    one.restore()
    logging.getLogger("library").info("for two again")
    two.restore()
    assert [line["message"] for line in page.lines] == ["for one"]
    assert [line["message"] for line in other.lines] == ["for two", "for two again"]
    assert state() == before


def test_the_lifespan_gives_back_what_it_took(page: Page) -> None:
    """Opening installs, closing restores."""
    logs = Logs(LogSettings.load(), FastNFuriousSettings.load(), stream=page)
    before = state()

    async def live() -> None:
        await logs.open()
        logger.info("alive")
        await logs.aclose()

    asyncio.run(live())
    assert page.line["message"] == "alive"
    assert state() == before


def test_the_lifespan_leaves_what_the_command_installed(start: Start, page: Page) -> None:
    """Whoever installed the logs before the application opened still has them afterwards."""
    logs = start()

    async def live() -> None:
        await logs.open()
        logs.access.write("r", None, None, "GET", "/", "/", 200, 0.1, None)
        await logs.aclose()
        assert page.line["message"].startswith("GET /"), "closing wrote what was held back"

    asyncio.run(live())
    logging.getLogger("uvicorn.error").info("Finished server process")
    assert page.lines[-1]["message"] == "Finished server process"
    asyncio.run(logs.aclose())
    assert logging.root.level == logging.WARNING


@pytest.mark.parametrize("early", [True, False])
def test_the_servers_configuration_changes_nothing(
    start: Start, page: Page, capfd: pytest.CaptureFixture[str], early: bool
) -> None:
    """Terminal handlers that others set up, before or after us, neither repeat nor hide a line."""
    if early:
        logging.config.dictConfig(SERVER)
    start()
    if not early:
        logging.config.dictConfig(SERVER)
    logging.getLogger("uvicorn.error").info("server")
    logging.getLogger("library").warning("library")
    assert [line["message"] for line in page.lines] == ["server", "library"]
    assert capfd.readouterr() == ("", "")


def test_a_logger_that_keeps_to_itself_is_heard(start: Start, page: Page) -> None:
    """A logger that does not propagate, with or without handlers, is written once."""
    start()
    library = logging.getLogger("library")
    library.propagate = False
    library.warning("without handlers")
    library.addHandler(logging.StreamHandler(sys.stdout))
    library.addHandler(logging.NullHandler())
    library.warning("with handlers")
    assert [line["message"] for line in page.lines] == ["without handlers", "with handlers"]


def test_handlers_that_write_elsewhere_go_on(start: Start, page: Page) -> None:
    """A library's own file still gets its lines."""
    file = io.StringIO()
    logging.getLogger("library").addHandler(logging.StreamHandler(file))
    start()
    logging.getLogger("library").warning("hello")
    assert file.getvalue() == "hello\n"
    assert page.line["message"] == "hello"


def test_a_handler_of_rich_stays_silent(
    start: Start, page: Page, capfd: pytest.CaptureFixture[str]
) -> None:
    """A handler that writes to the terminal without being a stream handler is recognised."""
    from rich.console import Console
    from rich.logging import RichHandler

    logging.getLogger("library").addHandler(RichHandler(console=Console(stderr=True)))
    start()
    logging.getLogger("library").warning("hello")
    assert page.line["message"] == "hello"
    assert capfd.readouterr() == ("", "")


def test_sinks_of_loguru_are_silent_on_terminals_only(
    start: Start, page: Page, capfd: pytest.CaptureFixture[str]
) -> None:
    """A sink on stderr does not repeat a line; a sink of the service's own still gets it."""
    own: list[str] = []
    numbers = [logger.add(sys.stderr), logger.add(own.append, format="{message}")]
    try:
        logs = start()
        logger.info("hello")
        assert page.line["message"] == "hello"
        assert own == ["hello\n"]
        assert capfd.readouterr() == ("", "")
        logs.restore()
        logger.info("afterwards")
        assert "afterwards" in capfd.readouterr().err
    finally:
        for number in numbers:
            logger.remove(number)


def test_another_librarys_wrapper_survives(
    start: Start, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrapper put around ours in between, and never removed, breaks and repeats nothing."""
    monkeypatch.setattr(logging.Logger, "callHandlers", logging.Logger.callHandlers)
    seen: list[str] = []
    logs = start()
    inner = logging.Logger.callHandlers

    def wrapper(self: logging.Logger, record: logging.LogRecord) -> None:
        inner(self, record)
        seen.append(record.getMessage())

    logging.Logger.callHandlers = wrapper  # type: ignore[method-assign]
    library = logging.getLogger("library")
    library.warning("one")
    logs.restore()
    library.warning("nobody")
    logs.install()
    library.warning("two")
    logs.restore()
    library.warning("nobody")
    assert [line["message"] for line in page.lines] == ["one", "two"]
    assert seen == ["one", "nobody", "two", "nobody"]


def test_the_servers_second_report_is_dropped(start: Start, page: Page) -> None:
    """An exception that was logged with its request is not logged again by the server."""
    start()
    known, unknown = ValueError("known"), ValueError("unknown")
    mark_logged(known)
    server = logging.getLogger("uvicorn.error")
    server.error("Exception in ASGI application\n", exc_info=known)
    server.error("Exception in ASGI application\n", exc_info=unknown)
    logger.opt(exception=known).error("somebody else's line about it")
    raised = [line["exception"]["message"] for line in page.lines]
    assert raised == ["unknown", "known"]


def test_the_servers_access_line_is_silent_while_ours_is_on(start: Start, page: Page) -> None:
    """The server is told not to make its access lines; it makes them where ours are off."""
    logs = start()
    assert not logging.getLogger("uvicorn.access").isEnabledFor(logging.CRITICAL)
    logs.restore()
    start(access=False)
    logging.getLogger("uvicorn.access").info("GET /")
    assert page.line["logger"] == "uvicorn.access"


def test_a_terminal_only_copy_of_a_message_is_no_extra(start: Start, page: Page) -> None:
    """The server's coloured second message is left out."""
    start()
    logging.getLogger("uvicorn.error").info("Started", extra={"color_message": "\x1b[1mStarted"})
    assert page.line["extra"] == {}


def test_lines_go_to_the_stream_of_the_moment(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a stream of its own, logs follow a standard stream that is replaced."""
    logs = Logs(LogSettings.load(stream="stdout"), FastNFuriousSettings.load())
    logs.install()
    try:
        logger.info("first")
        assert "first" in capsys.readouterr().out
        page, before = Page(), sys.stdout
        sys.stdout = page
        try:
            logger.info("second")
        finally:
            sys.stdout = before
        assert page.line["message"] == "second"
    finally:
        logs.restore()


def test_a_closed_or_missing_stream_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process whose streams are gone goes on working."""
    logs = Logs(LogSettings.load(), FastNFuriousSettings.load())
    logs.install()
    try:
        for stream in (None, io.StringIO()):
            monkeypatch.setattr(sys, "stderr", stream)
            if stream is not None:
                stream.close()
            logger.error("nobody reads this")
    finally:
        logs.restore()


def test_a_service_without_our_sink_can_still_change_levels(start: Start, page: Page) -> None:
    """Whoever has removed every sink of loguru only misses loguru's lines."""
    core = logger._core  # type: ignore[attr-defined]
    before = dict(core.handlers)
    logs = start()
    ours = {number: found for number, found in core.handlers.items() if number not in before}
    core.handlers = {n: found for n, found in core.handlers.items() if n not in ours}
    logs.set_level("library", "DEBUG")
    logger.error("nobody takes this")
    logging.getLogger("library").debug("hello")
    logs.restore()
    assert page.line["message"] == "hello"
    assert core.handlers == before
