"""Prometheus, from the package of Debian."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from urllib.request import urlopen

from servers.installing import debian_packages, output_of
from servers.server import Place, Program, Server

__all__ = ["Prometheus"]


class Prometheus(Server):
    """Run the Prometheus of this machine, or an unpacked one; a test tells it what to scrape."""

    name = "prometheus"
    preferred_ports = (16090,)

    def install(self, cache: Path) -> Program:
        """Return the installed program, or that of Debian's package.

        Raises:
            ServerUnavailable: There is neither.
        """
        installed = shutil.which("prometheus")
        if installed:
            return Program(_version(Path(installed)), Path(installed))
        folder = debian_packages(cache, "prometheus", ["prometheus"])
        path = folder / "usr" / "bin" / "prometheus"
        return Program(_version(path), path)

    def prepare(self, program: Program, place: Place) -> None:
        """Let it read targets from files that tests write."""
        targets = place.data / "targets"
        targets.mkdir()
        settings = {
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [
                {"job_name": "tests", "file_sd_configs": [{"files": [f"{targets}/*.json"]}]}
            ],
        }
        # JSON is YAML, too.
        (place.data / "prometheus.yml").write_text(json.dumps(settings), encoding="utf-8")

    def command(self, program: Program, place: Place) -> list[str]:
        """Return the command."""
        listening = f"--web.listen-address=127.0.0.1:{place.port}"
        settings = f"--config.file={place.data / 'prometheus.yml'}"
        storage = f"--storage.tsdb.path={place.data / 'series'}"
        return [str(program.path), listening, settings, storage]

    def environment(self, place: Place) -> dict[str, str]:
        """Return the bound of its memory."""
        return {"GOMEMLIMIT": "256MiB"}

    def answers(self, program: Program, place: Place) -> bool:
        """Return whether it answers a query."""
        with urlopen(f"{self.url(place)}/api/v1/query?query=1", timeout=5) as answer:
            found: dict[str, str] = json.load(answer)
            return found["status"] == "success"

    def url(self, place: Place) -> str:
        """Return the address."""
        return f"http://127.0.0.1:{place.port}"

    def settings(self, place: Place) -> dict[str, str]:
        """Return the address, and the folder for the targets of tests."""
        return {
            "PROMETHEUS_URL": self.url(place),
            "PROMETHEUS_TARGETS": str(place.data / "targets"),
        }


def _version(path: Path) -> str:
    return output_of([str(path), "--version"]).split()[2]
