"""Redis, from the packages of Debian."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from servers.installing import debian_packages, output_of
from servers.server import Place, Program, Server

__all__ = ["Redis"]

# What `redis-server` needs beyond what every Debian has.
_PACKAGES = (
    "redis-server",
    "redis-tools",
    "libjemalloc2",
    "liblua5.1-0",
    "liblzf1",
    "lua-bitop",
    "lua-cjson",
)


class Redis(Server):
    """Run the Redis of this machine, or an unpacked one."""

    name = "redis"
    preferred_ports = (16379,)

    def install(self, cache: Path) -> Program:
        """Return the installed program, or that of Debian's packages.

        Raises:
            ServerUnavailable: There is neither.
        """
        installed = shutil.which("redis-server")
        if installed:
            return Program(_version(Path(installed)), Path(installed))
        folder = debian_packages(cache, "redis", _PACKAGES)
        path = folder / "usr" / "bin" / "redis-server"
        libraries = ":".join(str(found) for found in (folder / "usr" / "lib").glob("*-linux-*"))
        environment = {"LD_LIBRARY_PATH": libraries}
        return Program(_version(path, environment), path, environment)

    def command(self, program: Program, place: Place) -> list[str]:
        """Return the command; the data stay in memory."""
        listening = ["--bind", "127.0.0.1", "--port", str(place.port)]
        bounded = ["--maxmemory", "128mb", "--save", "", "--appendonly", "no"]
        return [str(program.path), *listening, *bounded, "--dir", str(place.data)]

    def answers(self, program: Program, place: Place) -> bool:
        """Return whether it answers a ping."""
        with socket.create_connection(("127.0.0.1", place.port), timeout=2) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"

    def url(self, place: Place) -> str:
        """Return the address for clients."""
        return f"redis://127.0.0.1:{place.port}/0"

    def settings(self, place: Place) -> dict[str, str]:
        """Return the address as services usually read it."""
        return {"REDIS_URL": self.url(place)}


def _version(path: Path, environment: dict[str, str] | None = None) -> str:
    said = output_of([str(path), "--version"], environment=environment)
    return next(word[2:] for word in said.split() if word.startswith("v="))
