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
        self.output = ""

    def __enter__(self) -> Self:
        """Start the process; it may not listen yet."""
        self.process = subprocess.Popen(
            self._command,
            cwd=_FOLDER,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        if not self.output:
            self.output, _ = self.process.communicate(timeout=10)

    def wait_ready(self, timeout: float = 30) -> None:
        """Wait until the port accepts connections."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        self.__exit__()
        raise AssertionError(f"The service does not listen: {self.output}")

    def signal(self, number: int = signal.SIGTERM) -> None:
        """Send a signal to the first process alone."""
        self.process.send_signal(number)

    def wait(self, timeout: float = 30) -> int:
        """Wait for the end; return the exit code, with what was printed in `output`."""
        self.output, _ = self.process.communicate(timeout=timeout)
        return self.process.returncode
