"""What there is to know about one server: how it is installed, started and asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from servers.endpoint import Fidelity

__all__ = ["Place", "Program", "Server", "ServerUnavailable"]


class ServerUnavailable(RuntimeError):
    """Say why a server cannot be had on this machine, and what would help."""


@dataclass(frozen=True, slots=True)
class Program:
    """Name an installed program.

    Attributes:
        version: Its version.
        path: Its executable, or the folder that it was unpacked into.
        environment: Variables that it needs to find its own parts.
    """

    version: str
    path: Path
    environment: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Give a server its own folder and ports.

    Attributes:
        data: Folder for everything that it writes; removed when it is stopped.
        ports: As many ports of 127.0.0.1 as it asked for.
    """

    data: Path
    ports: tuple[int, ...]

    @property
    def port(self) -> int:
        """Return the port that clients use."""
        return self.ports[0]


class Server(ABC):
    """Describe a server; subclasses say how it is installed, started and asked.

    Attributes:
        name: Its name on the command line and in ``REQUIRE_REAL``.
        fidelity: How close it is to the real one.
        preferred_ports: Its ports, when they are free.
        patience: Seconds that it may take to answer its first request.
        account: The system account that it runs under when it refuses to run as root.
    """

    name: ClassVar[str]
    fidelity: ClassVar[Fidelity] = Fidelity.REAL
    preferred_ports: ClassVar[tuple[int, ...]]
    patience: ClassVar[float] = 30.0
    account: ClassVar[str | None] = None

    @abstractmethod
    def install(self, cache: Path) -> Program:
        """Return the program, installed into ``cache`` unless it is there.

        Raises:
            ServerUnavailable: It cannot be had on this machine.
        """

    def prepare(self, program: Program, place: Place) -> None:
        """Write what the server needs before its first start."""

    @abstractmethod
    def command(self, program: Program, place: Place) -> list[str]:
        """Return the command that runs the server in the foreground."""

    def environment(self, place: Place) -> dict[str, str]:
        """Return further environment variables for the command."""
        return {}

    @abstractmethod
    def answers(self, program: Program, place: Place) -> bool:
        """Return whether the server has answered a real request; may raise an `OSError`."""

    def fill(self, program: Program, place: Place) -> None:
        """Create what tests expect to be there, once the server answers."""

    @abstractmethod
    def url(self, place: Place) -> str:
        """Return the address of the server."""

    def settings(self, place: Place) -> dict[str, str]:
        """Return the environment variables that point an integration at the server."""
        return {}
