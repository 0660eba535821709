"""An OpenTelemetry collector: Rotel, which speaks OTLP and writes down what it gets."""

from __future__ import annotations

from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from servers.endpoint import Fidelity
from servers.installing import python_package
from servers.server import Place, Program, Server

__all__ = ["Collector"]

_VERSION = "0.0.1a15"


class Collector(Server):
    """Run Rotel from its Python package; its log shows what arrives."""

    name = "collector"
    fidelity = Fidelity.COMPATIBLE
    preferred_ports = (16318, 16317)

    def install(self, cache: Path) -> Program:
        """Return the program of the pinned package.

        Raises:
            ServerUnavailable: The package has nothing for this machine.
        """
        path = python_package(cache, "rotel.txt") / "rotel" / "rotel-agent"
        path.chmod(0o755)
        return Program(_VERSION, path)

    def command(self, program: Program, place: Place) -> list[str]:
        """Return the command: HTTP at the first port, gRPC at the second."""
        http, grpc = (f"127.0.0.1:{port}" for port in place.ports)
        listening = ["--otlp-http-endpoint", http, "--otlp-grpc-endpoint", grpc]
        shown = ["--exporter", "blackhole", "--debug-log", "traces"]
        return [str(program.path), "start", *listening, *shown]

    def answers(self, program: Program, place: Place) -> bool:
        """Return whether it takes a message without spans."""
        headers = {"content-type": "application/x-protobuf"}
        request = Request(f"{self.url(place)}/v1/traces", b"", headers, method="POST")
        try:
            with urlopen(request, timeout=5) as answer:
                return bool(answer.status == 200)
        except HTTPError as error:
            with error:
                return False

    def url(self, place: Place) -> str:
        """Return the address for OTLP over HTTP."""
        return f"http://127.0.0.1:{place.port}"

    def settings(self, place: Place) -> dict[str, str]:
        """Return the address as every OpenTelemetry exporter reads it."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url(place)}
