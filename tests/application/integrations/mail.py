"""A third party's integration, as small as one can be: mail, remote or embedded."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, SecretStr

from fastnfurious.core.errors import ResourceUnavailable
from fastnfurious.core.health import CheckResult, HealthStatus
from fastnfurious.core.integration import (
    Integration,
    IntegrationSettings,
    IntegrationStatus,
    Mode,
)
from fastnfurious.core.settings import FastNFuriousSettings

__all__ = ["Fax", "Mail", "MailSettings", "Mailbox", "events", "faults"]

events: list[str] = []
"""What has happened to every integration, in order."""

faults: dict[str, Exception] = {}
"""What fails: ``"open mail"`` → the error."""


def happen(event: str) -> None:
    """Write an event down, and fail if it is meant to."""
    events.append(event)
    if event in faults:
        raise faults[event]


class MailSettings(IntegrationSettings):
    """Where mail goes."""

    model_config = {"env_prefix": "MAIL_"}

    url: SecretStr | None = Field(None, description="Address of the mail server.")


class FaxSettings(IntegrationSettings):
    """Where faxes go."""

    model_config = {"env_prefix": "FAX_"}
    address_field: ClassVar[str] = "number"

    number: str | None = Field(None, description="Number of the fax machine.")


class Mailbox:
    """What ``app.mail`` gives."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sent: list[str] = []
        self.opened = False

    async def send(self, text: str) -> int:
        """Send a text."""
        if "send" in faults:
            raise ResourceUnavailable(f"{self.name} is away")
        self.sent.append(text)
        return len(self.sent)


class Mail(Integration):
    """Join mail to an application."""

    name = "mail"
    settings_class: ClassVar[type[IntegrationSettings]] = MailSettings
    component_type = "datastore"

    def __init__(self, settings: IntegrationSettings, service: FastNFuriousSettings) -> None:
        super().__init__(settings, service)
        self._mailbox = Mailbox(self.name)
        events.append(f"load {self.name}")

    @property
    def resource(self) -> Mailbox:
        """Return the mailbox; the embedded one opens itself."""
        if self.mode is Mode.EMBEDDED and not self._mailbox.opened:
            happen(f"embed {self.name}")
            self._mailbox.opened = True
        return self._mailbox

    @property
    def status(self) -> IntegrationStatus:
        """Return where the server is."""
        return IntegrationStatus(self.mode, "in process")

    async def open(self) -> None:
        """Connect."""
        happen(f"open {self.name}")
        self._mailbox.opened = True

    async def drain(self) -> None:
        """Finish."""
        happen(f"drain {self.name}")

    async def aclose(self) -> None:
        """Disconnect."""
        self._mailbox.opened = False
        happen(f"close {self.name}")

    async def check(self) -> CheckResult:
        """Ask the server."""
        if "check" in faults:
            return CheckResult(HealthStatus.FAIL, "reconnecting")
        return CheckResult()


class Fax(Mail):
    """Join faxes to an application."""

    name = "fax"
    settings_class = FaxSettings
