"""Several processes that serve on the same sockets, and the first process that looks after them."""

from __future__ import annotations

import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Iterator

from loguru import logger
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from fastnfurious.cli.banner import announce
from fastnfurious.cli.exit_codes import ExitCode
from fastnfurious.cli.launch import Launch, Role, Signals
from fastnfurious.metrics.workers import forget_worker

if TYPE_CHECKING:
    from fastnfurious.application.app import FastNFuriousAPI
    from fastnfurious.cli.server import Server

__all__ = ["Worker", "Workers", "ignoring_interrupts"]

_STOP = (signal.SIGINT, signal.SIGTERM)
_TICK = 0.05
_CHECK = 0.5
"""Seconds between two looks at the workers."""


class Worker(Process):
    """Serve in a process of its own."""

    def __init__(self, launch: Launch, sockets: list[socket.socket]) -> None:
        self.launch = launch
        self._heard, self._asked = time.monotonic(), False
        super().__init__(launch.config(), sockets)

    @property
    def server(self) -> Server:
        """Return the server, made in the worker's process."""
        if self._server is None:
            from fastnfurious.cli.server import Server

            self._server = Server(self.launch)
        return self._server  # type: ignore[return-value]

    def target(self, sockets: list[socket.socket] | None = None) -> None:
        """Run in the worker's process: answer the first process's pings, and serve."""
        threading.Thread(target=self.always_pong, daemon=True).start()
        from fastnfurious.cli.serving import serve

        sys.exit(serve(self.server, sockets or []))

    def pong(self) -> None:
        """Answer one ping, also while the application is still being imported."""
        self.child_conn.recv()
        self.child_conn.send(self._server is not None and self._server.started)

    def is_alive(self, timeout: float = 5) -> bool:
        """Return whether the process runs and has answered a ping lately.

        uvicorn's own method waits for the answer; meanwhile no signal would be obeyed.

        Args:
            timeout: Seconds after which a process that does not answer counts as hung.
        """
        with suppress(OSError, EOFError):
            while self.parent_conn.poll():
                self.parent_conn.recv()
                self._heard, self._asked = time.monotonic(), False
            if not self._asked:
                self.parent_conn.send(b"ping")
                self._asked = True
        return self.process.is_alive() and time.monotonic() - self._heard < timeout

    def start(self) -> None:
        """Start the process; an interrupt from the terminal is left to the first process."""
        with ignoring_interrupts():
            super().start()


class Workers(Multiprocess):
    """Keep workers running until a signal, then stop them in order.

    The loop, the pings and the meaning of signals are uvicorn's: SIGHUP replaces the workers one
    by one, SIGTTIN and SIGTTOU add and remove one. Ours are the worker, the exit code, and that a
    second signal ends workers at once.

    Args:
        launch: What to serve, and how.
        sockets: Bound sockets that all workers share.
        app: The application, as this process knows it.
    """

    def __init__(self, launch: Launch, sockets: list[socket.socket], app: FastNFuriousAPI) -> None:
        super().__init__(launch.config(), sockets)
        self._signals = Signals.new()
        self.launch = replace(launch, role=Role.WORKER, signals=self._signals)
        self.exit_code: int = ExitCode.OK
        self._app = app
        self._leaving: list[Process] = []
        self._announced = False
        self._ready = 0

    def run(self) -> None:
        """Run until a signal; `exit_code` then says how it ended."""
        self.init_processes()
        checked = time.monotonic()
        while not self.should_exit.wait(_TICK):
            self.handle_signals()
            self._announce()
            if time.monotonic() - checked >= _CHECK:
                self.keep_subprocess_alive()
                self._forget_those_gone()
                checked = time.monotonic()
        self._stop()

    def init_processes(self) -> None:
        """Start all workers."""
        self.processes.extend(self._started() for _ in range(self.processes_num))

    def keep_subprocess_alive(self) -> None:
        """Replace a worker that died; give up when one cannot even start."""
        for index, worker in enumerate(self.processes):
            if worker.is_alive(timeout=self.config.timeout_worker_healthcheck):
                continue
            self._bury(worker)
            if worker.exitcode in (ExitCode.STARTUP, ExitCode.USAGE):
                self.exit_code = worker.exitcode
                self.should_exit.set()
            if self.should_exit.is_set():
                return
            logger.warning(
                "Worker {pid} ended with {code}; a new one is started",
                pid=worker.pid,
                code=worker.exitcode,
            )
            self.processes[index] = self._started()

    def restart_all(self) -> None:
        """Replace each worker, once its successor serves; a signal to stop comes first."""
        for index, old in enumerate(self.processes):
            new = self._started()
            if not self._becomes_ready(new):
                self._bury(new)
                logger.error("A new worker did not become ready; the old ones go on")
                return
            self.processes[index] = new
            self._let_go(old)

    def handle_ttin(self) -> None:
        """Add a worker."""
        self.processes_num += 1
        self.processes.append(self._started())

    def handle_ttou(self) -> None:
        """Take a worker away, but never the last one."""
        if self.processes_num > 1:
            self.processes_num -= 1
            self._let_go(self.processes.pop())

    def _started(self) -> Worker:
        worker = Worker(self.launch, self.sockets)
        worker.start()
        return worker

    def _announce(self) -> None:
        while self._signals.ready.acquire(block=False):
            self._ready += 1
        if self._announced or self._ready < self.processes_num:
            return
        self._announced = True
        cut = len(self.sockets) - self.launch.management
        announce(self._app, self.sockets[:cut], self.sockets[cut:], server=self.launch.settings)

    def _stop(self) -> None:
        self._signals.stopping.set()
        self.terminate_all()
        workers = [*self.processes, *self._leaving]
        while any(worker.exitcode is None for worker in workers):
            self._kill_at_second_signal(workers)
            time.sleep(_TICK)
        codes = [worker.exitcode for worker in workers]
        # A worker that the signal met before it listened has nothing to finish.
        failed = [code for code in codes if code not in (0, None, -signal.SIGTERM)]
        if failed and self.exit_code == ExitCode.OK:
            self.exit_code = ExitCode.FAILED

    def _kill_at_second_signal(self, workers: list[Process]) -> None:
        for sig in self.signal_queue:
            if sig in _STOP:
                self.exit_code = ExitCode.forced_by(sig)
                for worker in workers:
                    worker.process.kill()
        self.signal_queue.clear()

    def _becomes_ready(self, worker: Process) -> bool:
        deadline = time.monotonic() + self.config.timeout_worker_healthcheck
        while time.monotonic() < deadline and worker.process.is_alive():
            if any(sig in _STOP for sig in self.signal_queue):
                return False
            if worker.is_ready(timeout=_TICK):
                return True
        return False

    def _let_go(self, worker: Process) -> None:
        worker.terminate()
        self._leaving.append(worker)

    def _forget_those_gone(self) -> None:
        for worker in [found for found in self._leaving if found.exitcode is not None]:
            self._leaving.remove(worker)
            forget_worker(worker.pid or 0)

    def _bury(self, worker: Process) -> None:
        worker.kill()  # it may hang
        worker.join()
        forget_worker(worker.pid or 0)


@contextmanager
def ignoring_interrupts() -> Iterator[None]:
    """Start processes that ignore Ctrl-C from their first moment on."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
