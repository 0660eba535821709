"""The metrics of a service's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, assert_type

import pytest

from fastnfurious.core.errors import ConfigurationError, MetricConflict
from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.metrics import Metrics, MetricsSettings, MetricsSnapshot
from fastnfurious.metrics.labels import OVERFLOW

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run the async tests on asyncio."""
    return "asyncio"


def test_each_kind_of_metric_can_be_used(metrics: Metrics) -> None:
    """Counter, gauge, histogram and summary show what was put in."""
    snapshot = MetricsSnapshot(metrics)
    metrics.counter("orders", "Orders.").inc(2)
    gauge = metrics.gauge("stock", "Stock.", labels=["item"]).labels(item="tea")
    gauge.set(5)
    gauge.inc()
    gauge.dec(2)
    metrics.histogram("wait_seconds", "Waiting.").observe(0.5)
    metrics.summary("upload_bytes", "Uploads.").observe(100)
    assert snapshot.value("orders_total") == 2
    assert snapshot.value("stock", item="tea") == 4
    assert snapshot.value("wait_seconds_bucket", le="1.0") == 1
    assert (snapshot.value("upload_bytes_sum"), snapshot.value("upload_bytes_count")) == (100, 1)


def test_the_same_declaration_gives_the_same_metric(metrics: Metrics) -> None:
    """Two modules that declare the same metric share it, with or without ``_total``."""
    first = metrics.counter("orders", "Orders.", labels=["country"])
    assert metrics.counter("orders_total", "Orders.", ("country",)) is first
    assert first.labels("NL") is first.labels(country="NL")


@pytest.mark.parametrize(
    "declare",
    [
        lambda metrics: metrics.gauge("orders", "Orders."),
        lambda metrics: metrics.counter("orders", "Orders.", labels=["country"]),
        lambda metrics: metrics.counter("orders", "Something else."),
        lambda metrics: metrics.gauge("orders_total", "Orders."),
    ],
)
def test_another_shape_under_the_same_name_is_a_conflict(metrics: Metrics, declare: Any) -> None:
    """The error names both shapes, so that either can be changed."""
    metrics.counter("orders", "Orders.")
    with pytest.raises(
        MetricConflict, match=r"'orders(_total)?'.*counter \('Orders\.', no labels\)"
    ):
        declare(metrics)


def test_other_buckets_are_a_conflict(metrics: Metrics) -> None:
    """A histogram with other buckets is another shape."""
    metrics.histogram("wait_seconds", "Waiting.", buckets=[1, 2])
    with pytest.raises(MetricConflict, match=r"buckets \(1.0, 2.0\).*buckets \(0.1, 1.0\)"):
        metrics.histogram("wait_seconds", "Waiting.")


@pytest.mark.parametrize("name", ["http_requests", "process_open_fds", "build_info"])
def test_names_that_are_measured_by_themselves_are_taken(metrics: Metrics, name: str) -> None:
    """A service cannot declare what the application measures already."""
    with pytest.raises(MetricConflict, match="measured by itself"):
        metrics.gauge(name, "Mine.")


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("no spaces", ()),
        ("", ()),
        ("7up", ()),
        ("fine", ["__own"]),
        ("fine", ["a-b"]),
    ],
)
def test_a_bad_name_is_refused(metrics: Metrics, name: str, labels: list[str]) -> None:
    """Prometheus' rules for names are told with the name that breaks them."""
    with pytest.raises(ConfigurationError, match=repr(name)):
        metrics.counter(name, "Help.", labels=labels)


def test_a_reserved_label_is_refused(metrics: Metrics) -> None:
    """A histogram needs the label ``le`` itself."""
    with pytest.raises(ConfigurationError, match="'wait_seconds' cannot be declared.*le"):
        metrics.histogram("wait_seconds", "Waiting.", labels=["le"])


def test_labels_that_do_not_fit_are_refused(metrics: Metrics) -> None:
    """The error tells the names of the labels and what was given."""
    orders = metrics.counter("orders", "Orders.", labels=["country", "kind"])
    with pytest.raises(ValueError, match="has the labels country, kind; got 'NL'"):
        orders.labels("NL")
    with pytest.raises(ValueError, match="has the labels country, kind; got 'country'"):
        orders.labels(country="NL")
    with pytest.raises(ValueError, match="has no labels"):
        metrics.counter("plain", "Plain.").labels("NL")
    with pytest.raises(ValueError):
        orders.inc()


def test_labels_beyond_the_bound_are_counted_together(metrics: Metrics) -> None:
    """A label with the values of a client cannot make a metric grow for ever."""
    bounded = Metrics(MetricsSettings(max_label_sets=3), FastNFuriousSettings())
    users = bounded.counter("users", "Users.", labels=["user"])
    for number in range(10):
        users.labels(number).inc()
    snapshot = MetricsSnapshot(bounded)
    assert snapshot.value("users_total") == 10
    assert snapshot.value("users_total", user=OVERFLOW) == 7
    assert snapshot.value("metrics_label_overflow_total", metric="users") == 7


def test_a_function_can_give_a_gauges_value(metrics: Metrics) -> None:
    """The function is asked at each scrape, for children too."""
    queue = [1, 2, 3]
    metrics.gauge("queue_size", "Waiting.").set_function(lambda: len(queue))
    sizes = metrics.gauge("sizes", "Sizes.", labels=["of"])
    sizes.labels("queue").set_function(lambda: len(queue) * 2)
    snapshot = MetricsSnapshot(metrics)
    queue.pop()
    assert snapshot.value("queue_size") == 2
    assert snapshot.value("sizes", of="queue") == 4


async def test_blocks_and_functions_are_timed(metrics: Metrics) -> None:
    """Histograms and summaries time blocks, functions, coroutines and generators to their end."""
    took = metrics.histogram("took_seconds", "Took.")

    @took.time()
    def plain() -> int:
        return 1

    @took.time()
    async def coroutine() -> int:
        await asyncio.sleep(0.12)
        return 2

    @took.time()
    def generator() -> Iterator[int]:
        yield 3

    @took.time()
    async def async_generator() -> AsyncIterator[int]:
        yield 4

    assert plain() == 1 and plain.__name__ == "plain"
    assert assert_type(await coroutine(), int) == 2
    assert list(generator()) == [3]
    assert [item async for item in async_generator()] == [4]
    with took.time():
        pass
    async with metrics.summary("block_seconds", "Block.").time():
        pass
    snapshot = MetricsSnapshot(metrics)
    assert snapshot.value("took_seconds_count") == 5
    assert snapshot.value("took_seconds_bucket", le="0.1") == 4
    assert snapshot.value("block_seconds_count") == 1


async def test_what_is_in_progress_is_tracked(metrics: Metrics) -> None:
    """A gauge counts the calls that are running, also when they fail."""
    running = metrics.gauge("running", "Running.")
    snapshot = MetricsSnapshot(metrics)
    entered = asyncio.Event()

    @running.track_in_progress()
    async def work() -> None:
        entered.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await entered.wait()
    assert snapshot.value("running") == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert snapshot.value("running") == 0


async def test_errors_are_counted(metrics: Metrics) -> None:
    """Only errors of the class asked for count, and they go on."""
    failures = metrics.counter("failures", "Failures.")

    @failures.count_exceptions(KeyError)
    async def fail(error: Exception) -> None:
        raise error

    for error in (KeyError("a"), ValueError("b")):
        with pytest.raises(type(error)):
            await fail(error)
    assert MetricsSnapshot(metrics).value("failures_total") == 1


def test_a_measurement_is_for_one_block(metrics: Metrics) -> None:
    """Entering the same object twice says what to do instead."""
    block = metrics.gauge("last_seconds", "Last.").time()
    with block, pytest.raises(RuntimeError, match="create another one"):
        block.__enter__()
    assert MetricsSnapshot(metrics).value("last_seconds") > 0


def test_a_gauge_can_show_the_time(metrics: Metrics) -> None:
    """The time of the last success is a number of seconds."""
    metrics.gauge("last_success_seconds", "Last.").set_to_current_time()
    assert MetricsSnapshot(metrics).value("last_success_seconds") > 1_700_000_000


def test_two_applications_keep_their_metrics_apart(metrics: Metrics) -> None:
    """The same name in two applications of one process is two metrics."""
    other = Metrics(MetricsSettings(), FastNFuriousSettings())
    metrics.counter("orders", "Orders.").inc()
    other.counter("orders", "Orders, elsewhere.").inc(5)
    assert MetricsSnapshot(metrics).value("orders_total") == 1
    assert MetricsSnapshot(other).value("orders_total") == 5
