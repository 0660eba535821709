"""Several processes that serve on the same sockets, and the first process that looks after them."""

from __future__ import annotations

import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Iterator

from loguru import logger
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from fastnfurious.cli.exit_codes import ExitCode
from fastnfurious.cli.launch import Launch

if TYPE_CHECKING:
    from fastnfurious.cli.server import Server

__all__ = ["Worker", "Workers", "ignoring_interrupts"]

_TICK = 0.05
_CHECK = 0.5
"""Seconds between two looks at the workers."""


class Worker(Process):
    """Serve in a process of its own."""

    def __init__(self, launch: Launch, sockets: list[socket.socket]) -> None:
        self.launch = launch
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
        from fastnfurious.cli.serving import serve

        server = self.server  # made before the other thread asks for it
        threading.Thread(target=self.always_pong, daemon=True).start()
        sys.exit(serve(server, sockets or []))

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
        on_ready: Called once, when every worker serves.
        on_death: Called with the process id of a worker that has ended.
    """

    def __init__(
        self,
        launch: Launch,
        sockets: list[socket.socket],
        *,
        on_ready: Callable[[], None],
        on_death: Callable[[int], None],
    ) -> None:
        super().__init__(launch.config(), sockets)
        self.launch = launch
        self.exit_code: int = ExitCode.OK
        self._on_ready: Callable[[], None] | None = on_ready
        self._on_death = on_death

    def run(self) -> None:
        """Run until a signal; `exit_code` then says how it ended."""
        self.init_processes()
        checked = time.monotonic()
        while not self.should_exit.wait(_TICK):
            self.handle_signals()
            self._announce()
            if time.monotonic() - checked >= _CHECK:
                self.keep_subprocess_alive()
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
        """Replace each worker, once its successor serves."""
        for index, old in enumerate(self.processes):
            new = self._started()
            if not new.wait_until_ready(self.config.timeout_worker_healthcheck, self.should_exit):
                self._bury(new)
                logger.error("A new worker did not become ready; the old ones go on")
                return
            old.terminate()
            old.join()
            self._on_death(old.pid or 0)
            self.processes[index] = new

    def handle_ttin(self) -> None:
        """Add a worker."""
        self.processes_num += 1
        self.processes.append(self._started())

    def _started(self) -> Worker:
        worker = Worker(self.launch, self.sockets)
        worker.start()
        return worker

    def _announce(self) -> None:
        if self._on_ready is None or not all(worker.is_ready(1) for worker in self.processes):
            return
        self._on_ready()
        self._on_ready = None

    def _stop(self) -> None:
        if self.launch.signals is not None:
            self.launch.signals.stopping.set()
        self.terminate_all()
        while any(worker.exitcode is None for worker in self.processes):
            self._kill_at_second_signal()
            time.sleep(_TICK)
        codes = [worker.exitcode for worker in self.processes]
        # A worker that the signal met before it listened has nothing to finish.
        failed = [code for code in codes if code not in (0, None, -signal.SIGTERM)]
        if failed and self.exit_code == ExitCode.OK:
            self.exit_code = ExitCode.FAILED

    def _kill_at_second_signal(self) -> None:
        for sig in self.signal_queue:
            if sig in (signal.SIGINT, signal.SIGTERM):
                self.exit_code = ExitCode.forced_by(sig)
                for worker in self.processes:
                    worker.process.kill()
        self.signal_queue.clear()

    def _bury(self, worker: Process) -> None:
        worker.kill()  # it may hang
        worker.join()
        self._on_death(worker.pid or 0)


@contextmanager
def ignoring_interrupts() -> Iterator[None]:
    """Start processes that ignore Ctrl-C from their first moment on."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
