"""Every server of the catalogue: it comes up, says what it is, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psutil
import pytest

from servers import find
from servers.catalogue import SERVERS
from servers.fleet import Fleet
from servers.plugin import Backing
from servers.ports import is_free

pytestmark = pytest.mark.slow


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """Return a fleet of its own, with the programs that are installed already."""
    shared = Fleet()
    # Beside them, because accounts without privileges cannot enter the folders of pytest.
    folder = Path(mkdtemp(prefix="trial-", dir=shared.folder))
    folder.chmod(0o755)
    fleet = Fleet(folder, programs=shared.programs)
    yield fleet
    fleet.down()
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_comes_and_goes(name: str, backing: Backing, fleet: Fleet) -> None:
    """It runs beside another of its kind; of its processes, ports and files none remains."""
    other = backing("servers", name)
    assert other is not None
    [outcome] = fleet.up([name])
    assert outcome.endpoint is not None, outcome.reason
    assert outcome.endpoint.version == other.version
    assert outcome.endpoint.url != other.url
    [running] = fleet.running()
    assert running.process.memory > 1 << 20
    process = psutil.Process(running.process.pid)
    family = [process, *process.children(recursive=True)]
    ports = listening(family)
    assert ports

    assert fleet.down() == [name]
    assert not [each for each in family if each.is_running()]
    assert all(map(is_free, ports))
    assert not [*(fleet.folder / "state").iterdir(), *(fleet.folder / "data").iterdir()]
    assert find(name) == other


def listening(processes: list[psutil.Process]) -> set[int]:
    """Return the ports that processes listen on, every one of them on the loopback alone."""
    found = [
        connection.laddr
        for process in processes
        for connection in connections_of(process)
        if connection.status == psutil.CONN_LISTEN
    ]
    assert {address.ip for address in found} <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
    return {address.port for address in found}


def connections_of(process: psutil.Process) -> list[Any]:
    """Return the connections of a process; a short-lived one may have ended by now."""
    try:
        return process.net_connections("inet")
    except psutil.NoSuchProcess:
        return []


@pytest.mark.skipif(os.name == "nt", reason="it asks for the accounts of Unix")
def test_a_server_that_refuses_root_gets_an_account() -> None:
    """Whoever is not root runs it as it is."""
    wanted = SERVERS["postgres"].account
    assert (wanted is None) == (os.geteuid() != 0)
