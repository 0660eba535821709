"""A service in a process of its own, as an orchestrator runs it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import Self

__all__ = ["ServiceProcess", "free_port"]

_FOLDER = Path(__file__).parent


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


class ServiceProcess:
    """Run ``start`` on a free port; killed at the end of the block if it still runs."""

    def __init__(
        self,
        *options: str,
        app: str = "loaded_service:app",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.port = free_port()
        script = f"from fastnfurious.cli import command; command({app!r}, name='loaded')()"
        words = ["start", "--port", str(self.port), *options]
        self._command = [sys.executable, "-c", script, *words]
        self._environment = {**os.environ, "PYTHONPATH": str(_FOLDER), **(environment or {})}
        # A file, because nobody reads while the service runs: a full pipe would stop it.
        self._file = TemporaryFile("w+", encoding="utf-8")

    @property
    def output(self) -> str:
        """Return what the service has written so far."""
        self._file.seek(0)
        return self._file.read()

    def __enter__(self) -> Self:
        """Start the process; it may not listen yet."""
        self.process = subprocess.Popen(
            self._command,
            cwd=_FOLDER,
            env=self._environment,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=10)
        self._file.close()

    def wait_ready(self, timeout: float = 30) -> None:
        """Wait until the port accepts connections."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError(f"The service does not listen: {self.output}")

    def signal(self, number: int = signal.SIGTERM) -> None:
        """Send a signal to the first process alone."""
        self.process.send_signal(number)

    def wait(self, timeout: float = 30) -> int:
        """Wait for the end; return the exit code."""
        return self.process.wait(timeout)
