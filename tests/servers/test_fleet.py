"""Servers are brought up, found and taken down, and nothing is left behind."""

from __future__ import annotations

import json
import socket
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from servers.fleet import Fleet
from servers.ports import PortChoice
from servers.process import ServerProcess
from servers.server import Place, Program, Server, ServerUnavailable

ECHO = """
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listening:
    while True:
        connection, _ = listening.accept()
        with connection:
            connection.sendall(b"hello")
"""


class Echo(Server):
    """Greet everyone; the smallest server there is."""

    name = "echo"
    preferred_ports = (16901,)
    patience = 20.0
    script = ECHO

    def install(self, cache: Path) -> Program:
        """Return the interpreter that runs the tests."""
        return Program("1.0", Path(sys.executable))

    def command(self, program: Program, place: Place) -> list[str]:
        """Return the command."""
        return [str(program.path), "-c", self.script, str(place.port)]

    def answers(self, program: Program, place: Place) -> bool:
        """Return whether it greets."""
        with socket.create_connection(("127.0.0.1", place.port), timeout=2) as connection:
            return connection.recv(5) == b"hello"

    def url(self, place: Place) -> str:
        """Return the address."""
        return f"echo://127.0.0.1:{place.port}"

    def settings(self, place: Place) -> dict[str, str]:
        """Return the address as a service would read it."""
        return {"ECHO_URL": self.url(place)}


class Missing(Echo):
    """Stand for a server that this machine cannot have."""

    name = "missing"

    def install(self, cache: Path) -> Program:
        """Fail."""
        raise ServerUnavailable("install it first")


class Broken(Echo):
    """Stand for a server that stops at once."""

    name = "broken"
    script = "raise SystemExit('no')"


class Silent(Echo):
    """Stand for a server that starts and never answers."""

    name = "silent"
    patience = 0.5
    script = "import time; time.sleep(60)"


def fleet(folder: Path) -> Fleet:
    """Return a fleet in a folder of its own."""
    servers: list[Server] = [Echo(), Missing(), Broken(), Silent()]
    return Fleet(folder, {server.name: server for server in servers})


def test_a_server_is_up_once_it_has_answered(tmp_path: Path) -> None:
    """Its endpoint has everything that a test needs, and it goes away for good."""
    servers = fleet(tmp_path)
    [outcome] = servers.up(["echo"])
    try:
        assert outcome.endpoint is not None, outcome.reason
        assert outcome.endpoint == servers.find("echo")
        assert outcome.endpoint.settings == {"ECHO_URL": outcome.endpoint.url}
        [running] = servers.running()
        assert running.process.memory > 0
    finally:
        assert servers.down() == ["echo"]
    assert servers.find("echo") is None
    assert not running.process.is_alive
    assert list((tmp_path / "data").iterdir()) == []


def test_a_server_that_runs_is_not_started_again(tmp_path: Path) -> None:
    """A second `up` finds the first one's server."""
    servers = fleet(tmp_path)
    try:
        first, second = servers.up(["echo"]), servers.up(["echo"])
        assert first == second
    finally:
        servers.down()


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing", "install it first"), ("broken", "it stopped at once"), ("silent", "no answer in")],
)
def test_a_server_that_cannot_be_had_says_why(tmp_path: Path, name: str, reason: str) -> None:
    """The others come up all the same, and a start that failed half-way leaves no process."""
    servers = fleet(tmp_path)
    try:
        outcomes = {outcome.name: outcome for outcome in servers.up([name, "echo"])}
        assert reason in str(outcomes[name].reason)
        assert outcomes["echo"].endpoint is not None
        assert [running.endpoint.name for running in servers.running()] == ["echo"]
    finally:
        servers.down()


def test_a_process_is_not_mistaken_for_another(tmp_path: Path) -> None:
    """An id that another process has by now is neither found nor stopped."""
    servers = fleet(tmp_path)
    servers.up(["echo"])
    [running] = servers.running()
    path = tmp_path / "state" / "echo.json"
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        state["process"]["created"] -= 60
        path.write_text(json.dumps(state), encoding="utf-8")
        assert servers.find("echo") is None
        assert servers.down() == []
        assert running.process.is_alive
    finally:
        running.process.stop()


def test_the_state_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Addresses carry passwords."""
    servers = fleet(tmp_path)
    servers.up(["echo"])
    try:
        assert (tmp_path / "state" / "echo.json").stat().st_mode & 0o077 == 0
    finally:
        servers.down()


def test_a_taken_port_is_avoided() -> None:
    """The next free one is used, and none is given twice."""
    taken = PortChoice().choose([16950])[0]
    choice = PortChoice()
    with socket.create_server(("127.0.0.1", taken)):
        first, second = choice.choose([taken])[0], choice.choose([taken])[0]
    assert taken < first < second


def test_stopping_twice_is_harmless(tmp_path: Path) -> None:
    """A process that is gone is gone."""
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    log = tmp_path / "log"
    process = ServerProcess.start(command, environment={}, log=log, folder=tmp_path)
    process.stop()
    process.stop()
    assert not process.is_alive


class Unready(Echo):
    """Stand for a server that answers, and cannot be made ready for tests."""

    name = "unready"

    def fill(self, program: Program, place: Place) -> None:
        """Fail, in a way that nobody thought of."""
        raise LookupError("no such table")


def remains(folder: Path) -> list[str]:
    """Return what is left of servers, beside programs and the locks that guard their start."""
    return [str(path) for inner in ("data", "state") for path in (folder / inner).iterdir()]


def children() -> set[int]:
    """Return the processes that were started from here."""
    return {child.pid for child in psutil.Process().children(recursive=True)}


@pytest.mark.parametrize("failing", [Broken, Silent, Unready])
def test_a_start_that_failed_leaves_nothing(tmp_path: Path, failing: type[Echo]) -> None:
    """No process, no port, no data: only the log, which `down` removes too."""
    before = children()
    servers = Fleet(tmp_path, {failing.name: failing()})
    [outcome] = servers.up()
    assert outcome.endpoint is None
    assert children() <= before
    assert remains(tmp_path) == [str(tmp_path / "state" / f"{failing.name}.log")]
    assert servers.down() == []
    assert remains(tmp_path) == []


def test_a_start_that_was_killed_is_cleaned_up(tmp_path: Path) -> None:
    """A server whose starter died before it answered is not found, but it is taken down."""
    servers = fleet(tmp_path)
    servers.up(["echo"])
    [running] = servers.running()
    replace(running, ready=False).write(tmp_path / "state" / "echo.json")
    assert servers.find("echo") is None
    assert servers.down() == ["echo"]
    assert not running.process.is_alive
    assert remains(tmp_path) == []


def test_what_happens_is_told_while_it_happens(tmp_path: Path) -> None:
    """Whoever waits for a long start sees what it is doing."""
    told: list[str] = []
    servers = Fleet(tmp_path, {"echo": Echo()}, tell=lambda name, what: told.append(what))
    servers.up()
    servers.down()
    assert told == ["is being installed, unless it is there …", "starts …", "is up"]


def test_a_long_wait_is_told_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to wonder whether a start hangs."""
    monkeypatch.setattr("servers.fleet._REMIND_AFTER", 0.1)
    told: list[str] = []
    Fleet(tmp_path, {"silent": Silent()}, tell=lambda name, what: told.append(what)).up()
    assert "takes its time …" in told
