"""What a process needs to know to serve: the same in the first process and in every worker."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing import get_context
from multiprocessing.synchronize import Event, Semaphore
from typing import TYPE_CHECKING

from fastnfurious.cli.settings import ServerSettings
from fastnfurious.cli.target import Target

if TYPE_CHECKING:
    from uvicorn import Config

__all__ = ["Launch", "Role", "Signals"]


class Role(StrEnum):
    """Which part a serving process plays."""

    ALONE = "alone"
    """The only process: it gets the signals and owns the sockets."""
    WORKER = "worker"
    """One of several; the first process gets the signals and shares its sockets."""
    RELOADED = "reloaded"
    """Restarted by the first process whenever the code changes."""


@dataclass(frozen=True, slots=True)
class Signals:
    """Tell workers what a signal alone cannot.

    Attributes:
        stopping: All workers stop, so the shared sockets have to be closed.
        failed: A worker has reported that it could not start; the others need not say it again.
        ready: Released by each worker when it begins to serve.
    """

    stopping: Event
    failed: Event
    ready: Semaphore

    @classmethod
    def new(cls) -> Signals:
        """Return signals for processes that are spawned."""
        spawn = get_context("spawn")
        return cls(spawn.Event(), spawn.Event(), spawn.Semaphore(0))


@dataclass(frozen=True, slots=True)
class Launch:
    """Describe one serving process; it can be sent to another process.

    Attributes:
        target: The application.
        settings: How to listen and to stop.
        role: Which part the process plays.
        signals: What the first process tells its workers.
        management: How many of the last sockets are the management port's.
    """

    target: Target
    settings: ServerSettings
    role: Role = Role.ALONE
    signals: Signals | None = None
    management: int = 0

    @property
    def closes_sockets(self) -> bool:
        """Return whether nobody else goes on listening when this process stops."""
        if self.signals is None:
            return self.role is Role.ALONE
        return self.signals.stopping.is_set()

    def config(self) -> Config:
        """Return uvicorn's configuration; the access log and the banner are ours."""
        from uvicorn import Config

        from fastnfurious.cli.connections import HttpProtocol, WebSocketProtocol

        settings, password = self.settings, self.settings.ssl_keyfile_password
        return Config(
            self.target.path,
            http=HttpProtocol,
            ws=WebSocketProtocol,
            lifespan="on",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            reload=settings.reload,
            reload_dirs=str(settings.reload_dir) if settings.reload_dir else None,
            workers=settings.workers,
            root_path=settings.root_path,
            forwarded_allow_ips=settings.forwarded_allow_ips,
            backlog=settings.backlog,
            timeout_keep_alive=settings.keep_alive,
            # A worker that imports a large application answers late; only a hung one is killed.
            timeout_worker_healthcheck=30,
            ssl_certfile=settings.ssl_certfile,
            ssl_keyfile=settings.ssl_keyfile,
            ssl_keyfile_password=password.get_secret_value() if password else None,
            ssl_ca_certs=str(settings.ssl_ca_certs) if settings.ssl_ca_certs else None,
            ssl_cert_reqs=ssl.CERT_REQUIRED if settings.ssl_ca_certs else ssl.CERT_NONE,
            ssl_ciphers=settings.ssl_ciphers,
        )
