"""An application that runs, with a client, its log lines, its spans and its metrics at hand."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Self

from starlette.testclient import TestClient

from fastnfurious import FastNFuriousAPI
from fastnfurious.logs.testing import RecordedLogs
from fastnfurious.tracing.testing import RecordedSpans

__all__ = ["Observed"]


class Observed:
    """Run an application for the length of a ``with`` block.

    Errors of the application are answered, not raised into the test.
    """

    def __init__(self, app: FastNFuriousAPI) -> None:
        self.app = app
        self.logs = RecordedLogs()
        self.spans = RecordedSpans(app.tracing)
        self.client = TestClient(app, raise_server_exceptions=False)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start."""
        for part in (self.logs, self.spans, self.client):
            self._stack.enter_context(part)
        self.logs.clear()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Stop."""
        self._stack.close()

    @property
    def access(self) -> list[dict[str, Any]]:
        """Return what the access lines say, oldest first."""
        lines = self.logs.find_all(logger="fastnfurious.access")
        return [{**line["extra"], **line} for line in lines]

    def samples(self, name: str) -> dict[tuple[str, ...], float]:
        """Return the values of a metric of requests or websockets, by its labels' values.

        The labels are in the order of their names.
        """
        return {
            tuple(value for label, value in sorted(sample.labels.items()) if label != "le"): (
                sample.value
            )
            for family in self.app.metrics.http.collect()
            for sample in family.samples
            if sample.name == name
        }

    @property
    def requests(self) -> dict[tuple[str, ...], float]:
        """Return how many requests there were by method, route and status."""
        return self.samples("http_requests_total")
