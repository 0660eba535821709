"""What the tests of logs share: logs that write to a page which can be read back."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from _pytest.logging import LogCaptureHandler

from fastnfurious.core.clock import Clock
from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.logs.integration import Logs
from fastnfurious.logs.settings import LogSettings

Start = Callable[..., Logs]


class Page(io.StringIO):
    """A stream that knows how to read the lines written to it."""

    @property
    def text(self) -> str:
        """Return what was written."""
        return self.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Return what was written, each line parsed on its own."""
        return [orjson.loads(line) for line in self.getvalue().split("\n")[:-1]]

    @property
    def line(self) -> dict[str, Any]:
        """Return the only line that was written."""
        (line,) = self.lines
        return line


@pytest.fixture
def page() -> Page:
    """Return an empty page."""
    return Page()


@pytest.fixture
def start(page: Page, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Return a function that installs logs which write to the page, until the test ends."""
    # pytest's own handlers raise where a message cannot be formatted; a service has none.
    monkeypatch.setattr(LogCaptureHandler, "handleError", lambda handler, record: None)
    started: list[Logs] = []

    def start(
        *, service: FastNFuriousSettings | None = None, clock: Clock | None = None, **settings: Any
    ) -> Logs:
        options = {"format": "json", **settings}
        own = service or FastNFuriousSettings.model_construct()
        logs = Logs(LogSettings.load(**options), own, clock=clock, stream=page)
        started.append(logs)
        logs.install()
        return logs

    yield start
    for logs in started:
        logs.restore()
