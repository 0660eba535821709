"""The servers of this machine: bring them up, look at them, take them down."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from servers.catalogue import SERVERS
from servers.endpoint import Endpoint
from servers.ports import PortChoice
from servers.process import ServerProcess
from servers.server import Place, Program, Server, ServerUnavailable
from servers.state import RunningServer

__all__ = ["Fleet", "Outcome", "find"]

CACHE_VARIABLE = "FASTNFURIOUS_SERVERS"
"""The folder for programs, data and state; several checkouts share the servers in it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Tell what became of a server that was asked for.

    Attributes:
        name: Its name.
        endpoint: How to reach it; ``None`` when it could not be had.
        reason: Why it could not be had.
    """

    name: str
    endpoint: Endpoint | None = None
    reason: str | None = None


class Fleet:
    """Hold the servers of one folder.

    Args:
        folder: Where programs, data and state are kept.
        servers: Those that can be asked for, by name.
    """

    def __init__(
        self, folder: Path | None = None, servers: Mapping[str, Server] | None = None
    ) -> None:
        self._folder = folder or _default_folder()
        self._servers = SERVERS if servers is None else servers
        self._ports = PortChoice()

    @property
    def names(self) -> list[str]:
        """Return the servers that can be asked for."""
        return list(self._servers)

    def up(self, names: Iterable[str] = ()) -> list[Outcome]:
        """Start servers, all at once, and wait until each answers; without names, all of them.

        Raises:
            KeyError: There is no server of that name.
        """
        chosen = [self._servers[name] for name in names] or list(self._servers.values())
        for inner in ("state", "data"):
            (self._folder / inner).mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(len(chosen)) as threads:
            return list(threads.map(self._start, chosen))

    def down(self, names: Iterable[str] = ()) -> list[str]:
        """Stop servers and remove their data; return the names of those that were running."""
        chosen = list(names) or list(self._servers)
        return [name for name in chosen if self._stop(name)]

    def running(self) -> Iterator[RunningServer]:
        """Yield the servers that are alive, in the order of the catalogue."""
        for name in self._servers:
            known = self._known(name)
            if known is not None:
                yield known

    def find(self, name: str) -> Endpoint | None:
        """Return where a server is; ``None`` when it is not running."""
        known = self._known(name)
        return known.endpoint if known else None

    def _known(self, name: str) -> RunningServer | None:
        known = RunningServer.read(self._state(name))
        return known if known and known.process.is_alive else None

    def _state(self, name: str) -> Path:
        return self._folder / "state" / f"{name}.json"

    def _start(self, server: Server) -> Outcome:
        # Needed here alone: whoever only looks for a server can do without.
        from filelock import FileLock

        try:
            with FileLock(self._folder / "state" / f"{server.name}.lock"):
                return Outcome(server.name, self.find(server.name) or self._launch(server))
        except (ServerUnavailable, OSError) as error:
            return Outcome(server.name, reason=str(error))

    def _launch(self, server: Server) -> Endpoint:
        program = server.install(self._folder / "programs")
        place = Place(self._empty_data(server), self._ports.choose(server.preferred_ports))
        server.prepare(program, place)
        process = ServerProcess.start(
            server.command(program, place),
            environment={**(program.environment or {}), **server.environment(place)},
            log=self._log(server.name),
            folder=place.data,
            account=server.account,
        )
        try:
            self._wait(server, program, place, process)
            server.fill(program, place)
        except BaseException:
            process.stop()
            raise
        running = RunningServer(_endpoint(server, program, place), process, place.data)
        running.write(self._state(server.name))
        return running.endpoint

    def _wait(self, server: Server, program: Program, place: Place, process: ServerProcess) -> None:
        until = time.monotonic() + server.patience
        while not _answers(server, program, place):
            if not process.is_alive:
                raise ServerUnavailable(f"it stopped at once: see {self._log(server.name)}")
            if time.monotonic() > until:
                seconds = f"{server.patience:g} s"
                raise ServerUnavailable(f"no answer in {seconds}: see {self._log(server.name)}")
            time.sleep(0.05)

    def _empty_data(self, server: Server) -> Path:
        data = self._folder / "data" / server.name
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(mode=0o700)
        if server.account:
            shutil.chown(data, server.account, server.account)
        return data

    def _log(self, name: str) -> Path:
        return self._folder / "state" / f"{name}.log"

    def _stop(self, name: str) -> bool:
        known = RunningServer.read(self._state(name))
        if known is None:
            return False
        was_alive = known.process.is_alive
        known.process.stop()
        shutil.rmtree(known.data, ignore_errors=True)
        for path in (self._state(name), self._log(name)):
            path.unlink(missing_ok=True)
        return was_alive


def find(name: str) -> Endpoint | None:
    """Return where a server of this machine is; ``None`` when it is not running."""
    return Fleet().find(name)


def _endpoint(server: Server, program: Program, place: Place) -> Endpoint:
    url, settings = server.url(place), server.settings(place)
    return Endpoint(server.name, program.version, server.fidelity, url, settings)


def _answers(server: Server, program: Program, place: Place) -> bool:
    try:
        return server.answers(program, place)
    except OSError:
        return False


def _default_folder() -> Path:
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen).absolute()
    # Root's own folder is closed to the accounts that servers run under.
    if getattr(os, "geteuid", lambda: 1)() == 0:
        return Path("/var/cache/fastnfurious")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fastnfurious"
