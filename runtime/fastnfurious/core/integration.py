"""What an integration is: the contract between one technology and the application.

The application knows integrations only through this contract and the registry, so that a third
party's plugin and our own code are treated alike.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import Field, SecretBytes, SecretStr

from fastnfurious.core.errors import SettingFault, SettingsError
from fastnfurious.core.health import CheckResult
from fastnfurious.core.instruments import Instruments, SilentInstruments
from fastnfurious.core.settings import Environment, FastNFuriousSettings, Settings

__all__ = ["Handled", "Integration", "IntegrationSettings", "IntegrationStatus", "Mode"]


class Mode(StrEnum):
    """Where an integration's backing service runs."""

    REMOTE = "remote"
    EMBEDDED = "embedded"


class IntegrationSettings(Settings):
    """Read the settings of an integration that has a backing service.

    Subclasses set ``env_prefix`` and add their fields, that of the address among them.

    Attributes:
        address_field: Name of the field that holds the address of the real server.

    Example:
        >>> class MailSettings(IntegrationSettings):
        ...     model_config = {"env_prefix": "MAIL_"}
        ...     url: str | None = Field(None, description="Address of the mail server.")
        >>> MailSettings.load().choose_mode(Environment.DEVELOPMENT).value
        'embedded'
    """

    address_field: ClassVar[str] = "url"

    mode: Mode | None = Field(
        None,
        description="Whether to use the real server or the stand-in that runs in the process; "
        "by default the real one if it has an address.",
    )

    @property
    def address(self) -> str | None:
        """Return the address of the real server; ``None`` when none is set."""
        value = getattr(self, self.address_field)
        if isinstance(value, SecretStr | SecretBytes):
            value = value.get_secret_value()
        return str(value) if value else None

    def choose_mode(self, environment: Environment) -> Mode:
        """Return where the backing service runs.

        With an address it is remote. Without one it is embedded in development and test; anywhere
        else an embedded stand-in has to be asked for, so that nobody ships one by accident.

        Args:
            environment: Where the service runs.

        Raises:
            SettingsError: The address is missing.
        """
        variable = self.variable(self.address_field)
        mode_variable = self.variable("mode")
        if self.mode is Mode.EMBEDDED:
            return Mode.EMBEDDED
        if self.address is not None:
            return Mode.REMOTE
        if self.mode is Mode.REMOTE:
            raise _missing(variable, f"{mode_variable}=remote needs the address of a server")
        if environment in (Environment.DEVELOPMENT, Environment.TEST):
            return Mode.EMBEDDED
        raise _missing(
            variable,
            f"in {environment.value} the address of a real server is needed; "
            f"{mode_variable}=embedded uses the stand-in in the process on purpose",
        )


def _missing(variable: str, accepted: str) -> SettingsError:
    return SettingsError([SettingFault(variable, None, accepted)])


@dataclass(frozen=True, slots=True)
class IntegrationStatus:
    """Describe an opened integration in one line, for ``check`` and the start-up log.

    Attributes:
        mode: Where the backing service runs.
        address: Where it is, without credentials; a folder or ``in process`` when embedded.
    """

    mode: Mode
    address: str


@dataclass(frozen=True, slots=True)
class Handled:
    """Describe what an application handles that comes to it other than by HTTP.

    Attributes:
        verb: What it does with it, for example ``REPLY``.
        address: Where it comes from, for example a subject.
        name: Name of the handler.
        owner: Name of the service that the handler belongs to; empty for none.
    """

    verb: str
    address: str
    name: str
    owner: str = ""


class Integration(ABC):
    """Join one technology to an application.

    Subclasses take everything from their settings, connect to nothing in ``__init__``, and are
    listed in the registry or under the entry point group ``fastnfurious.integrations``.

    Attributes:
        name: The attribute of the application that gives the resource, for example ``"nats"``.
        settings_class: The settings, one prefix for each integration.
        component_type: What its health check is about: ``component``, ``datastore`` or ``system``.
        instruments: Makes its metrics; the application hands over its own before anything opens.
    """

    name: ClassVar[str]
    settings_class: ClassVar[type[Settings]]
    component_type: ClassVar[str] = "component"

    def __init__(self, settings: Any, service: FastNFuriousSettings) -> None:
        self.settings = settings
        self.service = service
        self.instruments: Instruments = SilentInstruments()

    @classmethod
    def mode_of(cls, settings: Settings, service: FastNFuriousSettings) -> Mode:
        """Return where the backing service runs; one without a server is always embedded.

        Raises:
            SettingsError: The address is missing where it is needed.
        """
        if not isinstance(settings, IntegrationSettings):
            return Mode.EMBEDDED
        return settings.choose_mode(service.environment)

    @property
    def mode(self) -> Mode:
        """Return where the backing service runs.

        Raises:
            SettingsError: The address is missing where it is needed.
        """
        return self.mode_of(self.settings, self.service)

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

    @classmethod
    def attribute(cls, name: str, resource: Callable[[], Any]) -> Any:
        """Return a further attribute of the application, one of those in the registry's entry.

        By default it is the resource's attribute of that name. It may be asked for while modules
        are imported; one that needs no resource had better not open it.

        Args:
            name: Name of the attribute.
            resource: Gives ``app.<name of the integration>``.
        """
        return getattr(resource(), name)

    @property
    def served(self) -> Any:
        """Return what the embedded stand-in shows to browsers, as an ASGI application.

        In development and test the application serves it below ``/.embedded/<name>``.
        """
        return None

    @property
    def handled(self) -> Sequence[Handled]:
        """Return what the application handles through it, for the table of routes."""
        return ()

    def document(self, schema: dict[str, Any]) -> None:
        """Complete an OpenAPI document that has a security scheme of the integration's name."""

    @property
    def sign_in(self) -> dict[str, Any] | None:
        """Return the options with which the docs' Authorize button asks for a token."""
        return None

    async def drain(self) -> None:
        """Take no new messages and finish those in flight; called before HTTP is drained."""

    @abstractmethod
    async def aclose(self) -> None:
        """Release everything; safe to call twice, and after an ``open`` that failed."""

    @abstractmethod
    async def check(self) -> CheckResult:
        """Return the health of the connection, from one cheap real request."""
