"""Restarting the service whenever its code changes."""

from __future__ import annotations

import signal
import socket
import sys
from types import FrameType

from uvicorn._subprocess import get_subprocess
from uvicorn.server import HANDLED_SIGNALS
from uvicorn.supervisors.watchfilesreload import WatchFilesReload

from fastnfurious.cli.launch import Launch
from fastnfurious.cli.workers import ignoring_interrupts

__all__ = ["Reloader"]


class Reloader(WatchFilesReload):
    """Watch the code and restart the one serving process; a second signal ends it at once.

    Args:
        launch: What to serve, and how.
        sockets: Bound sockets; they stay open between two restarts.
    """

    def __init__(self, launch: Launch, sockets: list[socket.socket]) -> None:
        self._launch = launch
        super().__init__(launch.config(), _Served(launch), sockets)

    def signal_handler(self, sig: int, frame: FrameType | None) -> None:
        """Stop in order at the first signal, at once at the second."""
        if self.should_exit.is_set():
            self.process.kill()
        super().signal_handler(sig, frame)

    def startup(self) -> None:
        """Start the process; an interrupt from the terminal is left to this one."""
        for sig in HANDLED_SIGNALS:
            signal.signal(sig, self.signal_handler)
        with ignoring_interrupts():
            self.process = get_subprocess(self.config, self.target, self.sockets)
            self.process.start()

    def restart(self) -> None:
        """Stop the process in order and start it anew."""
        with ignoring_interrupts():
            super().restart()


class _Served:
    """What the process calls; a class, because a closure cannot be sent to another process."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch

    def __call__(self, sockets: list[socket.socket] | None = None) -> None:
        from fastnfurious.cli.server import Server
        from fastnfurious.cli.serving import serve

        sys.exit(serve(Server(self._launch), sockets or []))
