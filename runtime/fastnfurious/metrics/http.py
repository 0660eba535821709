"""The metrics of requests and websockets: the hot path of metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client.core import Metric
from prometheus_client.samples import Sample

from fastnfurious.metrics.cells import Cells, LocalCells, SharedCells
from fastnfurious.metrics.durations import Durations, counter_of
from fastnfurious.metrics.labels import LabelBound
from fastnfurious.metrics.settings import DEFAULT_BUCKETS

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
_OPEN_REQUESTS = ("http_requests_in_progress", "Requests that are being answered.")
_OPEN_WEBSOCKETS = ("websocket_connections_in_progress", "Websocket connections that are open.")
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

    __slots__ = ("_gauges", "_requests", "_websockets", "_open_requests", "_open_websockets")

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
            bounds=buckets,
            label_bound=label_bound,
        )
        self._websockets = Durations(
            "websocket_duration_seconds",
            "Seconds that websocket connections were open.",
            label_names=("route", "code"),
            bounds=(*buckets, *(bound for bound in _LONG_LIVED if bound > buckets[-1])),
            label_bound=label_bound,
        )
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
        self._use(
            SharedCells(folder, "histogram", number), SharedCells(folder, "gauge_livesum", number)
        )

    def _use(self, durations: Cells, gauges: Cells) -> None:
        self._gauges = gauges
        self._requests.use(durations)
        self._websockets.use(durations)
        (name, help), (other, other_help) = _OPEN_REQUESTS, _OPEN_WEBSOCKETS
        self._open_requests = gauges.reserve(name, name, {}, help)
        self._open_websockets = gauges.reserve(other, other, {}, other_help)

    def collect(self) -> Iterator[Metric]:
        """Return the metrics of this process."""
        values = self._gauges.values
        yield _gauge(_OPEN_REQUESTS, values[self._open_requests])
        yield _gauge(_OPEN_WEBSOCKETS, values[self._open_websockets])
        yield from self.complete([self._requests.collect(), self._websockets.collect()])

    def complete(self, metrics: Iterable[Metric]) -> Iterator[Metric]:
        """Return metrics with what is derived from them: the counters, and exemplars."""
        for metric in metrics:
            yield metric
            if metric.name in _COUNTERS:
                yield counter_of(metric, *_COUNTERS[metric.name])

    def describe(self) -> Iterator[Metric]:
        """Return the metrics without samples, so that a registry knows the names taken."""
        for name, help in (_OPEN_REQUESTS, _OPEN_WEBSOCKETS):
            yield Metric(name, help, "gauge")
        for durations in (self._requests, self._websockets):
            yield Metric(durations.name, durations.help, "histogram")
            yield Metric(*_COUNTERS[durations.name], "counter")


def _gauge(title: tuple[str, str], value: float) -> Metric:
    metric = Metric(*title, "gauge")
    metric.samples = [Sample(title[0], {}, value)]
    return metric


def _close_code(code: int) -> str | int:
    if 1000 <= code <= 1015:
        return code
    return f"{code // 1000}xxx" if 3000 <= code <= 4999 else "other"
