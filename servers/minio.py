"""MinIO, built from its Go module."""

from __future__ import annotations

from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from servers.installing import go_program
from servers.server import Place, Program, Server

__all__ = ["Minio"]

# A commit of 2026-02-12; the module carries no tags that Go accepts.
_VERSION = "v0.0.0-20260212201848-7aac2a2c5b7c"
_ACCESS_KEY = "fastnfurious"
_CREDENTIAL = "fastnfurious-secret"


class Minio(Server):
    """Run MinIO on one folder; the build takes some minutes, once."""

    name = "minio"
    preferred_ports = (16900, 16901)

    def install(self, cache: Path) -> Program:
        """Return the program, built with the sums of Go's checksum database.

        Raises:
            ServerUnavailable: Go is missing, or the build failed.
        """
        path = go_program(cache, "github.com/minio/minio", _VERSION)
        return Program(_VERSION.split("-")[1][:8], path)

    def command(self, program: Program, place: Place) -> list[str]:
        """Return the command; the second port has the console."""
        s3, console = (f"127.0.0.1:{port}" for port in place.ports)
        listening = ["--address", s3, "--console-address", console]
        return [str(program.path), "server", "--quiet", *listening, str(place.data / "objects")]

    def environment(self, place: Place) -> dict[str, str]:
        """Return the keys and the bound of the memory."""
        return {
            "MINIO_ROOT_USER": _ACCESS_KEY,
            "MINIO_ROOT_PASSWORD": _CREDENTIAL,
            "MINIO_UPDATE": "off",
            "MINIO_BROWSER": "off",
            "GOMEMLIMIT": "512MiB",
        }

    def answers(self, program: Program, place: Place) -> bool:
        """Return whether it refuses a stranger in the words of S3."""
        try:
            with urlopen(f"{self.url(place)}/bucket", timeout=5):
                return False
        except HTTPError as error:
            with error:
                return b"<Code>AccessDenied</Code>" in error.read()

    def url(self, place: Place) -> str:
        """Return the address."""
        return f"http://127.0.0.1:{place.port}"

    def settings(self, place: Place) -> dict[str, str]:
        """Return the address and the keys as the integration reads them."""
        return {
            "S3_ENDPOINT": self.url(place),
            "S3_ACCESS_KEY": _ACCESS_KEY,
            "S3_SECRET_KEY": _CREDENTIAL,
        }
