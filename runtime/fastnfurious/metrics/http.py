"""The metrics of requests and websockets: the hot path of metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from fastnfurious.metrics.cells import Cells, LocalCells
from fastnfurious.metrics.durations import Durations
from fastnfurious.metrics.labels import LabelBound
from fastnfurious.metrics.settings import DEFAULT_BUCKETS

if TYPE_CHECKING:
    from prometheus_client.core import Metric

__all__ = ["OTHER_METHOD", "HttpMetrics"]

OTHER_METHOD = "_OTHER"
"""Label of every method that HTTP does not define: clients can make up any number of them."""

_METHODS = {
    name: name
    for name in (
        *("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS"),
        *("PATCH", "POST", "PUT", "QUERY", "TRACE"),
    )
}
_LONG_LIVED = (60.0, 600.0, 3600.0)
_GAUGES = (
    ("http_requests_in_progress", "Requests that are being answered."),
    ("websocket_connections_in_progress", "Websocket connections that are open."),
)
_COUNTERS = {
    "http_request_duration_seconds": ("http_requests", "Requests that were answered."),
    "websocket_duration_seconds": (
        "websocket_connections",
        "Websocket connections that were closed, by close code.",
    ),
}


class HttpMetrics:
    """Count and time requests and websocket connections.

    Call it from the event loop's thread only: nothing is locked.

    Args:
        buckets: Upper bounds of the duration histograms, in seconds.
        label_bound: Bounds how many combinations of labels are kept apart.

    Example:
        >>> http = HttpMetrics()
        >>> http.request_started()
        >>> http.request_finished("GET", "/items/{id}", 200, 0.25)
        >>> [metric.name for metric in http.collect()][:2]
        ['http_requests_in_progress', 'websocket_connections_in_progress']
    """

    __slots__ = (
        *("_cells", "_gauges", "_requests", "_websockets"),
        *("_open_requests", "_open_websockets"),
    )

    def __init__(
        self,
        buckets: tuple[float, ...] = DEFAULT_BUCKETS,
        label_bound: LabelBound | None = None,
    ) -> None:
        label_bound = label_bound or LabelBound(2000)
        self._requests = Durations(
            "http_request_duration_seconds",
            "Seconds from the start of a request to the end of its answer.",
            label_names=("method", "route", "status"),
            buckets=buckets,
            label_bound=label_bound,
        )
        self._websockets = Durations(
            "websocket_duration_seconds",
            "Seconds that websocket connections were open.",
            label_names=("route", "code"),
            buckets=(*buckets, *(bound for bound in _LONG_LIVED if bound > buckets[-1])),
            label_bound=label_bound,
        )
        self._cells: tuple[Cells, ...] = ()
        self._use(LocalCells(), LocalCells())

    def request_started(self) -> None:
        """Count a request as in progress."""
        self._gauges.values[self._open_requests] += 1.0

    def request_finished(
        self,
        method: str,
        route: str,
        status: int,
        duration: float,
        trace_id: str | None = None,
    ) -> None:
        """Count and time a request, and take it out of those in progress.

        Args:
            method: HTTP method.
            route: Template of the route, never the path; one constant if none matched.
            status: HTTP status of the answer.
            duration: Seconds it took.
            trace_id: Trace id if the trace is recorded, shown as an exemplar.
        """
        self._gauges.values[self._open_requests] -= 1.0
        labels = (_METHODS.get(method, OTHER_METHOD), route, status)
        self._requests.observe(labels, duration, trace_id)

    def websocket_opened(self) -> None:
        """Count a websocket connection as open."""
        self._gauges.values[self._open_websockets] += 1.0

    def websocket_closed(
        self, route: str, code: int, duration: float, trace_id: str | None = None
    ) -> None:
        """Count and time a websocket connection, and take it out of those that are open.

        Args:
            route: Template of the route; one constant if none matched.
            code: Close code; those that a client may make up are counted by their thousand.
            duration: Seconds it was open.
            trace_id: Trace id if the trace is recorded, shown as an exemplar.
        """
        self._gauges.values[self._open_websockets] -= 1.0
        self._websockets.observe((route, _close_code(code)), duration, trace_id)

    def share(self, folder: Path, number: int) -> None:
        """Keep the numbers where other workers can read them, starting anew.

        Args:
            folder: Folder of the workers' files.
            number: Tells several applications in this process apart.
        """
        from fastnfurious.metrics.shared_cells import SharedCells

        owner = f"http{number}"
        self._use(
            SharedCells(folder, "histogram", owner), SharedCells(folder, "gauge_livesum", owner)
        )

    def withdraw(self) -> None:
        """Keep further numbers in this process; what was shared stays."""
        self._use(LocalCells(), LocalCells())

    def _use(self, durations: Cells, gauges: Cells) -> None:
        for cells in self._cells:
            cells.close()
        self._cells = (durations, gauges)
        self._gauges = gauges
        self._requests.use(durations)
        self._websockets.use(durations)
        self._open_requests, self._open_websockets = (
            gauges.reserve(name, name, help, {}, None) for name, help in _GAUGES
        )

    def collect(self) -> Iterator[Metric]:
        """Return the metrics of this process."""
        from fastnfurious.metrics.families import counter_of, gauge_of, histogram_of

        values = self._gauges.values
        for title, cell in zip(_GAUGES, (self._open_requests, self._open_websockets), strict=True):
            yield gauge_of(*title, values[cell])
        for histogram in map(histogram_of, (self._requests, self._websockets)):
            yield histogram
            yield counter_of(histogram, *_COUNTERS[histogram.name])

    def complete(self, metrics: Iterable[Metric]) -> Iterator[Metric]:
        """Return the metrics of all workers with exemplars, and with the counters added."""
        from fastnfurious.metrics.families import counter_of, with_exemplars

        durations = {own.name: own for own in (self._requests, self._websockets)}
        for metric in metrics:
            if metric.name not in durations:
                yield metric
                continue
            yield with_exemplars(metric, durations[metric.name])
            yield counter_of(metric, *_COUNTERS[metric.name])

    @staticmethod
    def names() -> Iterator[tuple[str, str]]:
        """Return the names and types of the metrics."""
        yield from ((name, "gauge") for name, _ in _GAUGES)
        yield from ((name, "histogram") for name in _COUNTERS)
        yield from ((name, "counter") for name, _ in _COUNTERS.values())


def _close_code(code: int) -> str | int:
    if 1000 <= code <= 1015:
        return code
    return f"{code // 1000}xxx" if 3000 <= code <= 4999 else "other"
