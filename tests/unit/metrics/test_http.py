"""The metrics of requests and websockets."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.metrics import HttpMetrics, Metrics, MetricsSettings, MetricsSnapshot
from fastnfurious.metrics.labels import OVERFLOW, LabelBound


def test_a_request_is_counted_and_timed(metrics: Metrics) -> None:
    """A request shows in the counter, the histogram's bucket, count and sum."""
    before = MetricsSnapshot(metrics)
    metrics.http.request_started()
    metrics.http.request_finished("GET", "/items/{id}", 200, 0.25)
    labels = {"method": "GET", "route": "/items/{id}", "status": 200}
    assert before.delta("http_requests_total", **labels) == 1
    assert before.delta("http_request_duration_seconds_count", **labels) == 1
    assert before.delta("http_request_duration_seconds_sum", **labels) == 0.25
    assert before.delta("http_request_duration_seconds_bucket", le="0.1") == 0
    assert before.delta("http_request_duration_seconds_bucket", le="1.0") == 1
    assert before.delta("http_request_duration_seconds_bucket", le="+Inf") == 1


def test_a_bound_belongs_to_its_bucket(metrics: Metrics) -> None:
    """A request that took exactly as long as a bound is within it."""
    before = MetricsSnapshot(metrics)
    metrics.http.request_finished("GET", "/", 200, 0.1)
    assert before.delta("http_request_duration_seconds_bucket", le="0.1") == 1


def test_a_request_is_in_progress_until_it_is_finished(metrics: Metrics) -> None:
    """The gauge goes up and down again."""
    snapshot = MetricsSnapshot(metrics)
    metrics.http.request_started()
    metrics.http.request_started()
    assert snapshot.value("http_requests_in_progress") == 2
    metrics.http.request_finished("GET", "/", 200, 0.1)
    metrics.http.request_finished("GET", "/", 200, 0.1)
    assert snapshot.value("http_requests_in_progress") == 0


def test_made_up_methods_share_one_label(metrics: Metrics) -> None:
    """However many methods clients invent, there is one more series."""
    before = MetricsSnapshot(metrics)
    for number in range(50):
        metrics.http.request_finished(f"BREW{number}", "/", 405, 0.1)
    assert before.delta("http_requests_total", method="_OTHER") == 50
    assert before.delta("http_requests_total") == 50


def test_a_websocket_is_counted_with_its_close_code(metrics: Metrics) -> None:
    """Open connections, their duration and how they ended are shown."""
    before = MetricsSnapshot(metrics)
    metrics.http.websocket_opened()
    assert before.value("websocket_connections_in_progress") == 1
    metrics.http.websocket_closed("/live", 1000, 90.0)
    assert before.value("websocket_connections_in_progress") == 0
    assert before.delta("websocket_connections_total", route="/live", code=1000) == 1
    assert before.delta("websocket_duration_seconds_bucket", le="60.0") == 0
    assert before.delta("websocket_duration_seconds_bucket", le="600.0") == 1


@pytest.mark.parametrize(
    ("code", "label"),
    [
        (1000, "1000"),
        (1015, "1015"),
        (1016, "other"),
        (3999, "3xxx"),
        (4001, "4xxx"),
        (-1, "other"),
    ],
)
def test_close_codes_that_clients_make_up_are_grouped(
    metrics: Metrics, code: int, label: str
) -> None:
    """The codes that the standard names stand for themselves, the thousands of others do not."""
    before = MetricsSnapshot(metrics)
    metrics.http.websocket_closed("/live", code, 1.0)
    assert before.delta("websocket_connections_total", code=label) == 1


_requests = st.lists(
    st.tuples(
        st.sampled_from(["GET", "POST", "BREW"]) | st.text(max_size=5),
        st.sampled_from(["/a", "/b", "/c/{id}"]),
        st.sampled_from([200, 404, 500]),
        st.floats(0, 20),
    ),
    max_size=60,
)


@given(_requests, st.integers(1, 6))
def test_every_request_is_counted_within_the_bound(
    requests: list[tuple[str, str, int, float]], limit: int
) -> None:
    """Totals are right whatever comes, and the number of series never passes the bound."""
    http = HttpMetrics((0.1, 1.0), LabelBound(limit))
    for request in requests:
        http.request_started()
        http.request_finished(*request)
    families = {metric.name: metric for metric in http.collect()}
    counted = families["http_requests"].samples
    assert sum(sample.value for sample in counted) == len(requests)
    assert len(counted) <= limit + 1
    statuses = Counter(str(status) for _, _, status, _ in requests)
    for sample in counted:
        if sample.labels["status"] != OVERFLOW:
            assert sample.value <= statuses[sample.labels["status"]]
    spent = [
        s for s in families["http_request_duration_seconds"].samples if s.name.endswith("_sum")
    ]
    assert sum(s.value for s in spent) == pytest.approx(sum(seconds for *_, seconds in requests))


def test_what_goes_over_the_bound_is_counted_and_warned_about_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One warning names the metric and the way out; a counter tells how much went over."""
    metrics = Metrics(MetricsSettings(max_label_sets=1), FastNFuriousSettings())
    before = MetricsSnapshot(metrics)
    for number in range(5):
        metrics.http.request_finished("GET", f"/{number}", 200, 0.1)
        metrics.http.websocket_closed(f"/{number}", 1000, 0.1)
    assert before.value("http_requests_total", route=OVERFLOW) == 4
    assert before.value("metrics_label_overflow_total", metric="http_request_duration_seconds") == 4
    warned = [record.getMessage() for record in caplog.records]
    assert len([line for line in warned if "'http_request_duration_seconds'" in line]) == 1
    assert "METRICS_MAX_LABEL_SETS" in warned[0]
