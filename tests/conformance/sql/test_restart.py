"""A PostgreSQL that is killed and started again, under load: it has to be one of the test's own."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from fastnfurious.sql.client import SqlClient
from fastnfurious.sql.errors import DatabaseUnavailable
from fastnfurious.sql.settings import SqlSettings
from servers.fleet import Fleet
from servers.plugin import Backing
from servers.ports import PortChoice
from servers.postgres import Postgres
from servers.process import ServerProcess
from servers.server import Place, Program

pytestmark = pytest.mark.slow

WRITERS = 8
RETURN = 1.0
"""Seconds within which everybody is served again."""


class OwnPostgres:
    """Run a PostgreSQL that a test may kill."""

    def __init__(self, program: Program, folder: Path) -> None:
        self._server = Postgres()
        self._program = program
        self._place = Place(folder, PortChoice().choose((17432,)))
        self._process: ServerProcess | None = None
        self.url = self._server.url(self._place)

    def prepare(self) -> None:
        """Create the cluster and its database."""
        self._server.prepare(self._program, self._place)
        self.start()
        self._server.fill(self._program, self._place)

    def start(self) -> None:
        """Start, and wait for the first answer."""
        data = self._place.data
        self._process = ServerProcess.start(
            self._server.command(self._program, self._place),
            environment=dict(self._program.environment or {}),
            log=data / "log",
            folder=data,
            account=self._server.account,
        )
        deadline = time.monotonic() + 30
        while not self._answers():
            assert time.monotonic() < deadline, (data / "log").read_text()
            time.sleep(0.01)

    def _answers(self) -> bool:
        try:
            return self._server.answers(self._program, self._place)
        except OSError:
            return False

    def kill(self) -> None:
        """Have every connection break, as a crash does."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGQUIT)
        while self._process.is_alive:
            time.sleep(0.01)

    def stop(self) -> None:
        """Leave nothing behind."""
        if self._process is not None:
            self._process.stop()


def _program() -> Program:
    """Return the program of the PostgreSQL that is up."""
    (running,) = (each for each in Fleet().running() if each.endpoint.name == "postgres")
    process = psutil.Process(running.process.pid)
    libraries = {k: v for k, v in process.environ().items() if k == "LD_LIBRARY_PATH"}
    return Program(running.endpoint.version, Path(process.exe()).parent, libraries)


@pytest.fixture
def server(backing: Backing) -> Iterator[OwnPostgres]:
    """Return a server, where the shared one shows that there can be one."""
    assert backing("sql", "postgres") is not None
    # Not pytest's own folder: the account of the server may not look into it.
    folder = Path(tempfile.mkdtemp(prefix="fastnfurious-postgres-"))
    if Postgres.account:
        shutil.chown(folder, Postgres.account)
    own = OwnPostgres(_program(), folder)
    try:
        own.prepare()
        yield own
    finally:
        own.stop()
        shutil.rmtree(folder)


async def test_everybody_is_served_again_within_a_second(server: OwnPostgres) -> None:
    """What was acknowledged is kept, and what was not has failed in our words."""
    db = SqlClient(server.url, SqlSettings(pool_size=WRITERS))
    await db.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    written: list[int] = []
    served: dict[int, float] = {}
    failures = 0

    async def write(number: int) -> None:
        nonlocal failures
        for each in range(number, 10**9, WRITERS):
            try:
                async with asyncio.timeout(10), db.transaction() as transaction:
                    await transaction.execute("INSERT INTO orders VALUES (:id)", {"id": each})
            except DatabaseUnavailable:
                failures += 1
                await asyncio.sleep(0.02)
            else:
                written.append(each)
                served[number] = time.monotonic()

    writers = [asyncio.create_task(write(number)) for number in range(WRITERS)]
    await asyncio.sleep(0.3)
    await asyncio.to_thread(server.kill)
    await asyncio.sleep(0.3)
    await asyncio.to_thread(server.start)
    returned = time.monotonic()
    served.clear()
    while len(served) < WRITERS and time.monotonic() < returned + 5:
        await asyncio.sleep(0.01)
    recovered = time.monotonic() - returned
    for writer in writers:
        writer.cancel()
    ended = await asyncio.gather(*writers, return_exceptions=True)
    kept = {row["id"] for row in await db.execute("SELECT id FROM orders").all()}
    await db.aclose()
    assert {type(each) for each in ended} == {asyncio.CancelledError}
    assert failures > 0
    assert set(written) <= kept
    assert recovered < RETURN
