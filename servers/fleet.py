"""The servers of this machine: bring them up, look at them, take them down."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from servers.account import group_of
from servers.catalogue import SERVERS
from servers.endpoint import Endpoint
from servers.ports import PortChoice
from servers.process import ServerProcess
from servers.server import Place, Program, Server, ServerUnavailable
from servers.state import RunningServer

__all__ = ["Fleet", "Outcome", "Tell", "find"]

CACHE_VARIABLE = "FASTNFURIOUS_SERVERS"
"""The folder for programs, data and state; several checkouts share the servers in it."""

Tell = Callable[[str, str], None]
"""Is told the name of a server and what happens to it."""

_REMIND_AFTER = 15.0


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
        programs: Where programs are installed, if it is not in ``folder``.
        tell: Is told what happens, while it happens.
    """

    def __init__(
        self,
        folder: Path | None = None,
        servers: Mapping[str, Server] | None = None,
        *,
        programs: Path | None = None,
        tell: Tell = lambda name, what: None,
    ) -> None:
        self.folder = folder or _default_folder()
        self.programs = programs or self.folder / "programs"
        self._servers = SERVERS if servers is None else servers
        self._ports = PortChoice()
        self._tell = tell

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
        for inner in ("state", "data", "locks"):
            (self.folder / inner).mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(len(chosen)) as threads:
            starting = {threads.submit(self._start, server): server.name for server in chosen}
            self._watch(starting)
        return [future.result() for future in starting]

    def down(self, names: Iterable[str] = ()) -> list[str]:
        """Stop servers and remove their data; return the names of those that were running."""
        chosen = list(names) or list(self._servers)
        with ThreadPoolExecutor(len(chosen)) as threads:
            return [name for name, ran in zip(chosen, threads.map(self._stop, chosen)) if ran]

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
        return known if known and known.ready and known.process.is_alive else None

    def _state(self, name: str) -> Path:
        return self.folder / "state" / f"{name}.json"

    def _data(self, name: str) -> Path:
        return self.folder / "data" / name

    def _log(self, name: str) -> Path:
        return self.folder / "state" / f"{name}.log"

    def _watch(self, starting: Mapping[Future[Outcome], str]) -> None:
        """Say what is being waited for, while nothing else happens."""
        waiting = set(starting)
        while waiting:
            done, waiting = wait(waiting, _REMIND_AFTER, FIRST_COMPLETED)
            if not done:
                for future in waiting:
                    self._tell(starting[future], "takes its time …")

    def _start(self, server: Server) -> Outcome:
        # Needed here alone: whoever only looks for a server can do without.
        from filelock import FileLock

        try:
            with FileLock(self.folder / "locks" / server.name):
                endpoint = self.find(server.name) or self._launch(server)
        # Whatever goes wrong with one server, the others come up, and this one says why it did not.
        except Exception as error:
            reason = str(error) if isinstance(error, ServerUnavailable) else repr(error)
            self._tell(server.name, f"left out: {reason}")
            return Outcome(server.name, reason=reason)
        self._tell(server.name, "is up")
        return Outcome(server.name, endpoint)

    def _launch(self, server: Server) -> Endpoint:
        # It may be there half-started, if whoever started it was killed.
        self._stop(server.name)
        self._tell(server.name, "is being installed, unless it is there …")
        program = server.install(self.programs)
        self._tell(server.name, "starts …")
        place = Place(self._make_data(server), self._ports.choose(server.preferred_ports))
        try:
            server.prepare(program, place)
            running = self._run(server, program, place)
        except BaseException:
            self._stop(server.name, keep_log=True)
            raise
        return running.endpoint

    def _run(self, server: Server, program: Program, place: Place) -> RunningServer:
        process = ServerProcess.start(
            server.command(program, place),
            environment={**(program.environment or {}), **server.environment(place)},
            log=self._log(server.name),
            folder=place.data,
            account=server.account,
        )
        endpoint = _endpoint(server, program, place)
        starting = RunningServer(endpoint, process, place.data, ready=False)
        starting.write(self._state(server.name))
        self._wait(server, program, place, process)
        server.fill(program, place)
        running = RunningServer(endpoint, process, place.data)
        running.write(self._state(server.name))
        return running

    def _wait(self, server: Server, program: Program, place: Place, process: ServerProcess) -> None:
        until = time.monotonic() + server.patience
        while not _answers(server, program, place):
            if not process.is_alive:
                raise ServerUnavailable(f"it stopped at once: see {self._log(server.name)}")
            if time.monotonic() > until:
                seconds = f"{server.patience:g} s"
                raise ServerUnavailable(f"no answer in {seconds}: see {self._log(server.name)}")
            time.sleep(0.05)

    def _make_data(self, server: Server) -> Path:
        data = self._data(server.name)
        data.mkdir(mode=0o700)
        if server.account:
            shutil.chown(data, server.account, group_of(server.account))
        return data

    def _stop(self, name: str, *, keep_log: bool = False) -> bool:
        known = RunningServer.read(self._state(name))
        was_alive = known is not None and known.process.is_alive
        if known is not None:
            known.process.stop()
        shutil.rmtree(self._data(name), ignore_errors=True)
        self._state(name).unlink(missing_ok=True)
        if not keep_log:
            self._log(name).unlink(missing_ok=True)
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
