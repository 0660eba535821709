"""uvicorn's server, with a start that explains itself and a stop that loses no request."""

from __future__ import annotations

import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from loguru import logger
from uvicorn.server import HANDLED_SIGNALS

from fastnfurious.application.app import FastNFuriousAPI
from fastnfurious.application.routes import management_app
from fastnfurious.cli.banner import announce, to_open
from fastnfurious.cli.connections import ConnectionState
from fastnfurious.cli.effective import effective_settings
from fastnfurious.cli.exit_codes import ExitCode
from fastnfurious.cli.launch import Launch, Role
from fastnfurious.cli.lifespan import Lifespan
from fastnfurious.cli.listeners import PortTaken, bind_management, url
from fastnfurious.cli.log_takeover import take_over_logs
from fastnfurious.cli.management import ManagementListener
from fastnfurious.cli.shutdown import Shutdown
from fastnfurious.core.address import listening_at

__all__ = ["Server"]


class Server(uvicorn.Server):
    """Serve an application until a signal, then stop in the order of `Shutdown`.

    The serving itself is uvicorn's. What differs, and why:

    - the sockets are bound beforehand, so that a fault is one readable line;
    - the application's own exception ends a failed start, not a logged traceback;
    - the shutdown is ours: uvicorn closes idle connections at once, requests on their way included;
    - a signal that was obeyed is not raised again, so that a stop in order ends with exit code 0.

    Args:
        launch: What to serve, and how.
    """

    server_state: ConnectionState
    lifespan: Lifespan

    def __init__(self, launch: Launch) -> None:
        super().__init__(launch.config())
        self.launch = launch
        self.server_state = ConnectionState()
        self.management: ManagementListener | None = None
        self.exit_code: int = ExitCode.OK
        self._app: FastNFuriousAPI | None = None
        self._management_sockets: list[socket.socket] = []

    @property
    def app(self) -> FastNFuriousAPI:
        """Return the application, imported at the first use."""
        if self._app is None:
            self._app = self.launch.target.load()
        return self._app

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve on bound sockets; the last are the management port's, if the launch says so.

        Raises:
            SettingsError: Variables are wrong; those of all classes are listed.
            PortTaken: The management port cannot be listened on.
            Exception: Whatever the application failed with.
        """
        effective_settings(self.app)
        public = list(sockets or [])
        cut = len(public) - self.launch.management
        public, shared = public[:cut], public[cut:]
        settings = self.launch.settings
        self._management_sockets = shared or bind_management(self.app.settings, settings)
        take_over_logs(self.app, settings)
        self.config.app = self.app
        self.config.load()
        self.config.lifespan_class = Lifespan
        self._tell_address(public)
        try:
            super().run(public)
        finally:
            for listener in self._management_sockets:
                listener.close()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the application, then listen.

        Raises:
            PortTaken: Another process began to listen on the port in the meantime.
            Exception: Whatever the application failed with.
        """
        try:
            # First, so that a startup probe has an answer while the application is being opened.
            await self._open_management()
            await super().startup(sockets)
        except OSError as error:
            if not self.lifespan.started:
                raise
            await self.lifespan.shutdown()
            raise PortTaken(f"Cannot listen: {error.strerror or error}") from error
        if self.launch.signals is not None:
            self.launch.signals.ready.release()  # the first process announces
            return
        settings = self.launch.settings
        announce(self.app, sockets or [], self._management_sockets, server=settings)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in order."""
        await Shutdown(self, list(sockets or [])).run()

    async def on_tick(self, counter: int) -> bool:
        """Keep the time for the Date header, as uvicorn does, and notice a lost first process."""
        stop = await super().on_tick(counter)
        if self.management is not None:
            self.management.state.default_headers = self.server_state.default_headers
        return stop or self._is_orphan(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in order at the first signal, at once at the second."""
        # A worker may get SIGTERM twice, from the first process and from a service manager that
        # signals the whole group; there only the first process counts signals.
        if self.should_exit and self.launch.role is Role.ALONE:
            self.force_exit = True
            self.exit_code = ExitCode.forced_by(sig)
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Handle signals for as long as the block lasts, and do not raise them again after it."""
        original = {sig: signal.signal(sig, self.handle_exit) for sig in HANDLED_SIGNALS}
        if self.launch.role is not Role.ALONE:
            # Ctrl-C reaches every process of a terminal; the first one passes it on as SIGTERM.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            yield
        finally:
            for sig, handler in original.items():
                signal.signal(sig, handler)

    def note(self, error: BaseException | None) -> None:
        """Report a failure while stopping, which goes on."""
        if error is None:
            return
        logger.opt(exception=error).error("A part failed while the service was stopping")
        self.exit_code = self.exit_code or ExitCode.FAILED

    def _tell_address(self, sockets: list[socket.socket]) -> None:
        settings = self.launch.settings
        if sockets and settings.uds is None:
            address = to_open(url(sockets[0], "https" if settings.ssl_certfile else "http"))
            listening_at.set(address + settings.root_path.rstrip("/"))

    async def _open_management(self) -> None:
        if self._management_sockets:
            self.management = ManagementListener(management_app(self.app), self._management_sockets)
            await self.management.open()

    def _is_orphan(self, counter: int) -> bool:
        if self.launch.role is Role.ALONE or counter % 10:
            return False
        from multiprocessing import parent_process

        parent = parent_process()
        return parent is not None and not parent.is_alive()
