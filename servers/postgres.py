"""PostgreSQL, ready for logical replication."""

from __future__ import annotations

import asyncio
import platform
import shutil
import sys
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]

from servers.account import choose_account
from servers.installing import maven_bundle, output_of
from servers.server import Place, Program, Server, ServerUnavailable

__all__ = ["Postgres"]

_OLDEST = 15
_VERSION = "17.6.0"
_ARTIFACT = "io.zonky.test.postgres:embedded-postgres-binaries-{}:" + _VERSION + ":jar"
_SHA256 = {
    "darwin-amd64": "f1d6d39896ca48e65d6dbcb492d809df0d4952c65299de8af6e08d2208eae3e0",
    "darwin-arm64v8": "e87ee36767dee4f00f829d7a52e4a216e2fdebe5934c5683730940aabe570721",
    "linux-amd64": "23da5a044b4fb7a5a081a45008c95749c873305328d73f86aefd56922ce1d29d",
    "linux-arm64v8": "84427ea54a5238247924ef3b0f940e7d027e58760f19d7325242e50d22fa014a",
}
_CREDENTIAL = "fastnfurious"
_NAME = "fastnfurious"


class Postgres(Server):
    """Run the PostgreSQL of this machine, or one of Maven Central, with a cluster of its own."""

    name = "postgres"
    preferred_ports = (16432,)
    # It refuses to run as root.
    account = choose_account("postgres")

    def install(self, cache: Path) -> Program:
        """Return the newest PostgreSQL of this machine if it is new enough, or a pinned one.

        Raises:
            ServerUnavailable: There is none here, and none can be fetched.
        """
        folder = _find_programs() or _fetch_programs(cache)
        return Program(_version(folder), folder)

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
        try:
            asyncio.run(_execute(place, "SELECT 1"))
        except (OSError, asyncpg.CannotConnectNowError):
            return False
        return True

    def fill(self, program: Program, place: Place) -> None:
        """Create the database of the tests."""
        asyncio.run(_execute(place, f"CREATE DATABASE {_NAME}"))

    def url(self, place: Place) -> str:
        """Return the address of the database, with its password."""
        return f"postgresql://{_NAME}:{_CREDENTIAL}@127.0.0.1:{place.port}/{_NAME}"

    def settings(self, place: Place) -> dict[str, str]:
        """Return the address as the integration reads it."""
        return {"DATABASE_URL": self.url(place)}


async def _execute(place: Place, statement: str) -> None:
    address = f"postgresql://{_NAME}:{_CREDENTIAL}@127.0.0.1:{place.port}/postgres"
    connection = await asyncpg.connect(address, timeout=2)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _find_programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_major)
    on_path = shutil.which("postgres")
    path = found[-1] if found else Path(on_path).resolve() if on_path else None
    if path is None or int(_version(path.parent).split(".")[0]) < _OLDEST:
        return None
    return path.parent


def _fetch_programs(cache: Path) -> Path:
    machine = {"x86_64": "amd64", "aarch64": "arm64v8", "arm64": "arm64v8"}
    kind = f"{sys.platform}-{machine.get(platform.machine(), platform.machine())}"
    if kind not in _SHA256:
        raise ServerUnavailable(f"install PostgreSQL {_OLDEST} or later: there is none for {kind}")
    try:
        return maven_bundle(cache, _ARTIFACT.format(kind), _SHA256[kind]) / "bin"
    except ServerUnavailable as error:
        raise ServerUnavailable(f"install PostgreSQL {_OLDEST} or later, or: {error}") from None


def _version(folder: Path) -> str:
    return output_of([str(folder / "postgres"), "--version"]).split()[2]


def _major(path: Path) -> int:
    return int(path.parts[-3]) if path.parts[-3].isdigit() else 0
