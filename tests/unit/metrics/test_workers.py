"""Several worker processes: each shows the sum of all, and the dead are not forgotten."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.metrics import (
    Metrics,
    MetricsSettings,
    MetricsSnapshot,
    forget_worker,
    forget_workers,
    prepare_workers,
)
from fastnfurious.metrics.workers import FOLDER_VARIABLE

pytestmark = pytest.mark.anyio

WORKER = """
import asyncio, json, sys
from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.metrics import Metrics, MetricsSettings, MetricsSnapshot

metrics = Metrics(MetricsSettings(buckets=(0.1, 1.0), refresh_seconds=0.05), FastNFuriousSettings())
orders = metrics.counter("orders", "Orders.", labels=["country"])
stock = metrics.gauge("stock", "Stock.")
most = metrics.gauge("most", "Most.", across_workers="max")
wait = metrics.histogram("wait_seconds", "Waiting.")
size = metrics.summary("size_bytes", "Size.")
queue = []
metrics.gauge("queue_size", "Queue.").set_function(lambda: len(queue))

def work(number):
    queue.append(number)
    metrics.http.request_started()
    metrics.http.request_started()
    metrics.http.request_finished("GET", f"/{number % 40}", 200, 0.25, "ab" * 16)
    metrics.http.websocket_opened()
    orders.labels("NL").inc()
    stock.set(number)
    most.set(number)
    wait.observe(0.5)
    size.observe(10)

def scrape():
    text = metrics.render("application/openmetrics-text")[0].decode()
    return [line for line in text.splitlines() if not line.startswith("#")]

async def main():
    await metrics.open()
    loop = asyncio.get_running_loop()
    while command := (await loop.run_in_executor(None, sys.stdin.readline)).split():
        for number in range(int(command[0])):
            work(number)
        print(json.dumps(scrape()), flush=True)
    await metrics.aclose()

asyncio.run(main())
"""


class Worker:
    """Run a worker that does as many requests as it is told, and then shows a scrape."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self.process.pid

    def work(self, requests: int) -> dict[str, float]:
        """Return the series of a scrape, by name and labels."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{requests}\n")
        self.process.stdin.flush()
        lines = json.loads(self.process.stdout.readline())
        values = (line.partition(" # ")[0].rpartition(" ") for line in lines)
        self.exemplars = [line for line in lines if " # " in line]
        return {name: float(value) for name, _, value in values}

    def stop(self) -> None:
        """End as a worker does that was asked to."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        assert self.process.wait(30) == 0
        self.process.stdout.close()

    def kill(self) -> None:
        """End as a worker does that was not asked."""
        self.process.kill()
        self.process.wait(30)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder of the workers, prepared as a parent process does."""
    monkeypatch.setenv(FOLDER_VARIABLE, "")
    monkeypatch.delenv(FOLDER_VARIABLE)
    yield prepare_workers()
    forget_workers()


@pytest.fixture
def anyio_backend() -> str:
    """Run the async tests on asyncio."""
    return "asyncio"


def series(scraped: dict[str, float], name: str) -> float:
    """Return the sum of the series of that name."""
    return sum(value for key, value in scraped.items() if key.split("{")[0] == name)


def test_any_worker_shows_the_sum_of_all(folder: Path) -> None:
    """Counters, gauges, histograms and the requests of three workers are added up."""
    workers = [Worker() for _ in range(3)]
    for worker, requests in zip(workers, (1, 50, 200), strict=True):
        scraped = worker.work(requests)
    for worker in workers:
        scraped = worker.work(0)
        for name in (
            "http_requests_total",
            "http_request_duration_seconds_count",
            "http_requests_in_progress",
            "websocket_connections_in_progress",
            "orders_total",
            "wait_seconds_count",
            "size_bytes_count",
        ):
            assert series(scraped, name) == 251, name
        assert series(scraped, "http_request_duration_seconds_sum") == pytest.approx(251 / 4)
        assert scraped['http_requests_total{method="GET",route="/0",status="200"}'] == 8
        assert series(scraped, "stock") == 0 + 49 + 199
        assert series(scraped, "most") == 199
        assert series(scraped, "queue_size") == 251
        assert series(scraped, "process_cpu_seconds_total") > 0
        assert series(scraped, "python_gc_collections_total") > 0
        assert scraped["process_start_time_seconds"] < 4e9
        assert series(scraped, "build_info") == 1
        assert not any("pid=" in key for key in scraped)
        assert any('trace_id="' + "ab" * 16 in line for line in worker.exemplars)
        worker.stop()


def test_a_dead_worker_keeps_its_counts_and_loses_its_gauges(folder: Path) -> None:
    """What a killed worker had counted stays, what it had in progress goes, its files too."""
    killed, alive = Worker(), Worker()
    killed.work(10)
    alive.work(1)
    killed.kill()
    before = series(alive.work(0), "process_cpu_seconds_total")
    forget_worker(killed.pid)
    forget_worker(killed.pid)
    scraped = alive.work(0)
    assert series(scraped, "http_requests_total") == 11
    assert series(scraped, "orders_total") == 11
    assert series(scraped, "wait_seconds_sum") == 5.5
    assert scraped['wait_seconds_bucket{le="1.0"}'] == 11
    assert series(scraped, "http_requests_in_progress") == 1
    assert series(scraped, "stock") == 0
    assert series(scraped, "process_cpu_seconds_total") >= before * 0.99
    assert not list(folder.glob(f"*_{killed.pid}*"))
    alive.stop()
    forget_worker(alive.pid)
    late = Worker()
    scraped = late.work(1)
    assert series(scraped, "http_requests_total") == 12
    assert len(list(folder.glob("*retired*"))) == 3
    late.stop()


def test_a_worker_that_is_just_starting_does_no_harm(folder: Path) -> None:
    """A file that a worker has made and not yet filled is passed over."""
    for kind in ("counter", "histogram", "gauge_livesum"):
        (folder / f"{kind}_99999999.db").touch()
    worker = Worker()
    assert series(worker.work(3), "http_requests_total") == 3
    forget_worker(99999999)
    assert series(worker.work(0), "http_requests_total") == 3
    worker.stop()


def test_the_folder_is_made_and_removed(folder: Path) -> None:
    """The parent's folder is in the environment of the workers and goes with the parent."""
    assert os.environ[FOLDER_VARIABLE] == str(folder) and folder.is_dir()
    forget_workers()
    assert FOLDER_VARIABLE not in os.environ and not folder.exists()
    forget_workers()
    forget_worker(1)


def test_a_folder_of_ones_own_is_emptied_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers of an earlier run would be added to the new ones."""
    folder = tmp_path / "metrics"
    folder.mkdir()
    (folder / "counter_1.db").write_bytes(b"")
    (folder / "notes.txt").write_text("mine")
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    assert prepare_workers() == folder
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    forget_workers()
    assert folder.is_dir()


def test_a_folder_that_is_not_there_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker of another server may be the first to need the folder."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "not" / "there"))
    worker = Worker()
    assert series(worker.work(1), "http_requests_total") == 1
    worker.stop()


async def test_two_applications_in_one_worker_add_up(folder: Path) -> None:
    """Applications that share their workers share the folder, each with files of its own."""
    first, second = (Metrics(MetricsSettings(), FastNFuriousSettings()) for _ in range(2))
    for metrics in (first, second):
        await metrics.open()
        metrics.http.request_started()
        metrics.http.request_finished("GET", "/", 200, 0.1)
    assert MetricsSnapshot(first).value("http_requests_total") == 2
    assert MetricsSnapshot(second).value("process_open_fds") < 10_000
    for metrics in (first, second):
        await metrics.aclose()
        await metrics.aclose()
    second.http.request_started()


def test_a_scrape_never_sees_a_worker_twice(folder: Path) -> None:
    """While workers are being retired, every scrape shows the same total."""
    script = (
        "import sys; from fastnfurious.metrics import forget_worker\n"
        "for pid in sys.argv[1:]: forget_worker(int(pid))"
    )
    workers = [Worker() for _ in range(4)]
    for worker in workers:
        worker.work(5)
    *ended, alive = workers
    for worker in ended:
        worker.stop()
    retiring = subprocess.Popen([sys.executable, "-c", script, *(str(w.pid) for w in ended)])
    totals = set()
    while retiring.poll() is None:
        totals.add(series(alive.work(0), "http_requests_total"))
    totals.add(series(alive.work(0), "http_requests_total"))
    assert totals == {20}
    alive.stop()
