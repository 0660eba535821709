"""PostgreSQL, ready for logical replication."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from servers.installing import output_of
from servers.server import Place, Program, Server, ServerUnavailable

__all__ = ["Postgres"]

_OLDEST = 15
_CREDENTIAL = "fastnfurious"
_NAME = "fastnfurious"


class Postgres(Server):
    """Run the PostgreSQL of this machine, with a cluster of its own."""

    name = "postgres"
    preferred_ports = (16432,)
    # It refuses to run as root, so its package brings an account.
    account = "postgres" if getattr(os, "geteuid", lambda: 1)() == 0 else None

    def install(self, cache: Path) -> Program:
        """Return the newest PostgreSQL of this machine.

        Raises:
            ServerUnavailable: There is none, or it is too old.
        """
        folder = _find_programs()
        version = output_of([str(folder / "postgres"), "--version"]).split()[2]
        if int(version.split(".")[0]) < _OLDEST:
            raise ServerUnavailable(f"PostgreSQL {version} is too old: install {_OLDEST} or later")
        return Program(version, folder)

    def prepare(self, program: Program, place: Place) -> None:
        """Create the cluster, with a password and without any trust."""
        secret = place.data / "password"
        secret.write_text(_CREDENTIAL, encoding="utf-8")
        if self.account:
            shutil.chown(secret, self.account)
        initdb = [str(program.path / "initdb"), "--pgdata", str(place.data / "cluster")]
        login = ["--username", _NAME, "--pwfile", str(secret), "--auth", "scram-sha-256"]
        output_of(
            [*initdb, *login, "--encoding", "UTF8", "--no-locale", "--no-sync"],
            folder=place.data,
            account=self.account,
        )

    def command(self, program: Program, place: Place) -> list[str]:
        """Return the command; what a crash would lose is of no worth in tests."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(place.port),
            "unix_socket_directories": "",
            "wal_level": "logical",
            "shared_buffers": "64MB",
            "max_connections": "100",
            "fsync": "off",
        }
        command = [str(program.path / "postgres"), "-D", str(place.data / "cluster")]
        return [*command, *(f"--{name}={value}" for name, value in options.items())]

    def answers(self, program: Program, place: Place) -> bool:
        """Return whether it answers a query."""
        return self._query(program, place, "postgres", "SELECT 1").returncode == 0

    def fill(self, program: Program, place: Place) -> None:
        """Create the database of the tests."""
        self._query(program, place, "postgres", f"CREATE DATABASE {_NAME}").check_returncode()

    def url(self, place: Place) -> str:
        """Return the address of the database, with its password."""
        return f"postgresql://{_NAME}:{_CREDENTIAL}@127.0.0.1:{place.port}/{_NAME}"

    def settings(self, place: Place) -> dict[str, str]:
        """Return the address as the integration reads it."""
        return {"DATABASE_URL": self.url(place)}

    @staticmethod
    def _query(
        program: Program, place: Place, database: str, statement: str
    ) -> subprocess.CompletedProcess[bytes]:
        address = f"postgresql://{_NAME}@127.0.0.1:{place.port}/{database}"
        command = [str(program.path / "psql"), "--no-psqlrc", "--command", statement, address]
        environment = {**os.environ, "PGPASSWORD": _CREDENTIAL, "PGCONNECT_TIMEOUT": "2"}
        return subprocess.run(command, env=environment, check=False, capture_output=True)


def _find_programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_major)
    on_path = shutil.which("postgres")
    path = found[-1] if found else Path(on_path).resolve() if on_path else None
    if path is None:
        raise ServerUnavailable("install PostgreSQL 15 or later, on Debian `postgresql`")
    return path.parent


def _major(path: Path) -> int:
    return int(path.parts[-3]) if path.parts[-3].isdigit() else 0
