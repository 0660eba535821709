"""A server process under measurement: on a core of its own, its CPU time read from outside."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.chassis.load import Connection
from benchmarks.cores import pin
from benchmarks.environment import ROOT, Environment

__all__ = ["ENVIRONMENT", "Server", "serve"]

ENVIRONMENT = Environment("bench-chassis", Path(__file__).with_name("requirements.txt"))
STOP_LIMIT = 15


@dataclass(frozen=True)
class Server:
    """One server that answers.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        process: Its process.
        ready_after: Seconds from the start of the process to its first answer.
    """

    port: int
    process: psutil.Process
    ready_after: float

    def cpu_seconds(self) -> float:
        """Return the CPU time that all threads of the server have used."""
        try:
            tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
            return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9
        except (OSError, IndexError):
            times = self.process.cpu_times()
            return float(times.user + times.system)


@contextmanager
def serve(name: str, routes: int, path: str, variables: Mapping[str, str]) -> Iterator[Server]:
    """Start a server, wait for its first answer, and stop it in the end.

    Args:
        name: The application, by its name in ``applications.py``.
        routes: How many routes it has.
        path: What to ask for to see that it is ready.
        variables: Environment variables for the application.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        port = listener.getsockname()[1]
        started = time.perf_counter()
        process = _start(name, routes, listener.fileno(), variables)
    try:
        pin(process.pid, 0)
        with Connection(port, limit=60) as connection:
            connection.ask(path)
            connection.answer()
        yield Server(port, process, time.perf_counter() - started)
    finally:
        _stop(process)


def _start(name: str, routes: int, descriptor: int, variables: Mapping[str, str]) -> psutil.Popen:
    return psutil.Popen(
        [
            ENVIRONMENT.python,
            "-m",
            "benchmarks.chassis.serving",
            name,
            str(routes),
            str(descriptor),
        ],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT / 'runtime'}:{ROOT}", **variables},
        cwd=ENVIRONMENT.folder,  # where no .env lies
        pass_fds=[descriptor],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _stop(process: psutil.Popen) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_LIMIT)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait()
