"""What is running, remembered in one file for each server."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from servers.endpoint import Endpoint, Fidelity
from servers.process import ServerProcess

__all__ = ["RunningServer"]


@dataclass(frozen=True, slots=True)
class RunningServer:
    """Remember a server that was started.

    Attributes:
        endpoint: How to reach it.
        process: Its process.
        data: Its folder.
        ready: Whether it has answered; until then it can only be stopped.
    """

    endpoint: Endpoint
    process: ServerProcess
    data: Path
    ready: bool = True

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return what a state file says; ``None`` when there is none, or it was cut short."""
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        endpoint = known["endpoint"]
        endpoint["fidelity"] = Fidelity(endpoint["fidelity"])
        process, ready = ServerProcess(**known["process"]), known.get("ready", True)
        return cls(Endpoint(**endpoint), process, Path(known["data"]), ready)

    def write(self, path: Path) -> None:
        """Write the state file, for its owner alone: addresses carry passwords."""
        known = {
            "endpoint": {**asdict(self.endpoint), "settings": dict(self.endpoint.settings)},
            "process": asdict(self.process),
            "data": str(self.data),
            "ready": self.ready,
        }
        unfinished = path.with_suffix(".tmp")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(known, file, indent=2)
        unfinished.replace(path)
