"""Chromium without a window, driven over its DevTools protocol."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from urllib.request import urlopen

from servers.installing import output_of
from servers.server import Place, Program, Server, ServerUnavailable

__all__ = ["Chromium"]


class Chromium(Server):
    """Run the Chromium of this machine; a test connects to it and opens pages of its own."""

    name = "chromium"
    preferred_ports = (16922,)

    def install(self, cache: Path) -> Program:
        """Return the installed program.

        Raises:
            ServerUnavailable: There is none.
        """
        found = shutil.which("chromium") or shutil.which("chromium-browser")
        if found is None:
            raise ServerUnavailable("install Chromium: on Debian, `apt-get install chromium`")
        return Program(output_of([found, "--version"]).split()[1], Path(found))

    def command(self, program: Program, place: Place) -> list[str]:
        """Return the command: nothing is kept, and nobody but the pages of tests is called."""
        return [
            str(program.path),
            "--headless",
            # It shows pages of this machine alone, and the sandbox refuses to be root's.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={place.data / 'profile'}",
            "--remote-debugging-address=127.0.0.1",
            f"--remote-debugging-port={place.port}",
            "about:blank",
        ]

    def answers(self, program: Program, place: Place) -> bool:
        """Return whether it says where it can be driven."""
        with urlopen(f"{self.url(place)}/json/version", timeout=5) as answer:
            found: dict[str, str] = json.load(answer)
            return "webSocketDebuggerUrl" in found

    def url(self, place: Place) -> str:
        """Return the address for drivers."""
        return f"http://127.0.0.1:{place.port}"
