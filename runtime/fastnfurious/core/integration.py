"""What an integration is: the contract between one technology and the application.

The application knows integrations only through this contract and the registry, so that a third
party's plugin and our own code are treated alike.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from fastnfurious.core.health import CheckResult
from fastnfurious.core.settings import FastNFuriousSettings, Settings

__all__ = ["Integration", "IntegrationStatus", "Mode"]


class Mode(StrEnum):
    """Where an integration's backing service runs."""

    REMOTE = "remote"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class IntegrationStatus:
    """Describe an opened integration in one line, for ``check`` and the start-up log.

    Attributes:
        mode: Where the backing service runs.
        address: Where it is, without credentials; a folder or ``in process`` when embedded.
    """

    mode: Mode
    address: str


class Integration(ABC):
    """Join one technology to an application.

    Subclasses take everything from their settings, connect to nothing in ``__init__``, and are
    listed in the registry or under the entry point group ``fastnfurious.integrations``.

    Attributes:
        name: The attribute of the application that gives the resource, for example ``"nats"``.
        settings_class: The settings, one prefix for each integration.
        command_line: Import string of a ``typer.Typer`` group that the service's command gains.
    """

    name: ClassVar[str]
    settings_class: ClassVar[type[Settings]]
    command_line: ClassVar[str | None] = None

    def __init__(self, settings: Any, service: FastNFuriousSettings) -> None:
        self.settings = settings
        self.service = service

    @property
    @abstractmethod
    def resource(self) -> Any:
        """Return what ``app.<name>`` gives; opened lazily when the integration is embedded."""

    @property
    @abstractmethod
    def status(self) -> IntegrationStatus:
        """Return where the backing service is."""

    @abstractmethod
    async def open(self) -> None:
        """Connect, or start the embedded stand-in.

        Raises:
            StartupError: The backing service refused us (a service that is merely away is not an
                error: the integration keeps reconnecting and its check says so).
        """

    async def drain(self) -> None:
        """Take no new messages and finish those in flight; called before HTTP is drained."""

    @abstractmethod
    async def aclose(self) -> None:
        """Release everything; safe to call twice, and after an ``open`` that failed."""

    @abstractmethod
    async def check(self) -> CheckResult:
        """Return the health of the connection, from one cheap real request."""
