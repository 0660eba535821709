"""Kafka in KRaft mode: one process is broker and controller."""

from __future__ import annotations

import shutil
import socket
import struct
from pathlib import Path

from servers.installing import maven_jars, output_of
from servers.server import Place, Program, Server, ServerUnavailable

__all__ = ["Kafka"]

_VERSION = "4.1.0"
_ARTIFACT = f"org.apache.kafka:kafka_2.13:{_VERSION}"
_CLUSTER = "fastnfurious0000000000"
_SETTINGS = """
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
log.dirs={data}/log
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
"""
_API_VERSIONS = struct.pack(">hhihs", 18, 0, 7, 1, b"u")


class Kafka(Server):
    """Run Kafka from the libraries of Maven Central."""

    name = "kafka"
    preferred_ports = (16092, 16093)
    patience = 90.0

    def install(self, cache: Path) -> Program:
        """Return the folder of the libraries.

        Raises:
            ServerUnavailable: Java or Maven is missing, or a file cannot be fetched.
        """
        if shutil.which("java") is None:
            raise ServerUnavailable("install Java 17 or later: Kafka runs on it")
        return Program(_VERSION, maven_jars(cache, _ARTIFACT, "kafka.sha256"))

    def prepare(self, program: Program, place: Place) -> None:
        """Write the settings, and format the log."""
        broker, controller = place.ports
        written = _SETTINGS.format(broker=broker, controller=controller, data=place.data)
        (place.data / "server.properties").write_text(written, encoding="utf-8")
        format_ = ["kafka.tools.StorageTool", "format", "--standalone", "-t", _CLUSTER, "-c"]
        output_of([*_java(program), *format_, str(place.data / "server.properties")])

    def command(self, program: Program, place: Place) -> list[str]:
        """Return the command."""
        return [*_java(program), "kafka.Kafka", str(place.data / "server.properties")]

    def answers(self, program: Program, place: Place) -> bool:
        """Return whether it says which versions of its protocol it speaks."""
        with socket.create_connection(("127.0.0.1", place.port), timeout=5) as connection:
            connection.sendall(struct.pack(">i", len(_API_VERSIONS)) + _API_VERSIONS)
            # The length, the number of our request, and that it was no error.
            return connection.recv(10)[4:] == struct.pack(">ih", 7, 0)

    def url(self, place: Place) -> str:
        """Return the address for clients."""
        return f"127.0.0.1:{place.port}"

    def settings(self, place: Place) -> dict[str, str]:
        """Return the address as services usually read it."""
        return {"KAFKA_BOOTSTRAP_SERVERS": self.url(place)}


def _java(program: Program) -> list[str]:
    return ["java", "-Xms64m", "-Xmx512m", "-cp", f"{program.path}/*"]
