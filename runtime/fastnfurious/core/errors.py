"""The errors that FastNFurious raises, drawn as one tree.

::

    FastNFuriousError
    ├── ConfigurationError (ValueError)          what was configured cannot work
    │   ├── SettingsError                        an environment variable or .env line is wrong
    │   └── ApplicationNotFound (LookupError)    "module:attribute" names none
    ├── IntegrationError
    │   ├── UnknownIntegration (LookupError)     no integration has that name
    │   ├── IntegrationNotInstalled (AttributeError)  its extra is not installed
    │   └── IntegrationNotEnabled (AttributeError)    this application left it out
    ├── StartupError (RuntimeError)              a part could not be opened
    ├── ResourceUnavailable (ConnectionError)    a backing service cannot be reached
    ├── OperationTimeout (TimeoutError)          a backing service did not answer in time
    ├── NotAuthenticated (PermissionError)       who is calling is not known
    ├── NotAllowed (PermissionError)             who is calling may not do this
    ├── ResourceNotFound (LookupError)           what was asked for does not exist
    ├── Conflict (ValueError)                    what was asked for contradicts what exists
    └── MetricConflict (ValueError)              a metric's name is taken by another shape

Each error also inherits the standard type in brackets, so that ``except TimeoutError`` works, and
carries the HTTP ``status`` that it becomes when a request leaves it unhandled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

__all__ = [
    "ApplicationNotFound",
    "ConfigurationError",
    "Conflict",
    "FastNFuriousError",
    "IntegrationError",
    "IntegrationNotEnabled",
    "IntegrationNotInstalled",
    "MetricConflict",
    "NotAllowed",
    "NotAuthenticated",
    "OperationTimeout",
    "ResourceNotFound",
    "ResourceUnavailable",
    "SettingFault",
    "SettingsError",
    "StartupError",
    "UnknownIntegration",
    "is_logged",
    "mark_logged",
]


class FastNFuriousError(Exception):
    """Catch every error that FastNFurious itself raises.

    Attributes:
        status: HTTP status of the problem that an unhandled error becomes.
        public: Whether the message may be shown to a client; the message of an error that is not
            public only reaches the logs.
        type: URI that names the kind of problem; ``about:blank`` says that the status is all.
        title: The kind of problem in words; by default the phrase of the status.
        headers: What the answer has to say in its headers.
    """

    status: ClassVar[int] = 500
    public: ClassVar[bool] = False
    type: ClassVar[str] = "about:blank"
    title: ClassVar[str | None] = None
    headers: Mapping[str, str] = {}


class ConfigurationError(FastNFuriousError, ValueError):
    """Say that what was configured cannot work, before anything has happened."""


@dataclass(frozen=True, slots=True)
class SettingFault:
    """Name one wrong setting: the variable, what was read, and what is accepted.

    Attributes:
        variable: Environment variable, for example ``LOG_LEVEL``.
        value: What was read, as text; ``None`` when it is missing, ``"**********"`` for a secret.
        accepted: What would be accepted, or what to do, in words.
        problem: What is wrong, when it is something else than the value.

    Example:
        >>> print(SettingFault("PORT", "http", "a whole number from 0 to 65535"))
        PORT='http' is not accepted: a whole number from 0 to 65535
    """

    variable: str
    value: str | None
    accepted: str
    problem: str | None = None

    def __str__(self) -> str:
        """Return the fault as one readable sentence."""
        if self.problem is not None:
            return f"{self.variable} {self.problem}: {self.accepted}"
        if self.value is None:
            return f"{self.variable} is not set: {self.accepted}"
        return f"{self.variable}={self.value!r} is not accepted: {self.accepted}"


class SettingsError(ConfigurationError):
    """List every wrong environment variable at once.

    Attributes:
        faults: One entry for each wrong variable.
    """

    def __init__(self, faults: Sequence[SettingFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, self.faults)))

    def __reduce__(self) -> tuple[type[SettingsError], tuple[tuple[SettingFault, ...]]]:
        """Survive the way between processes with all faults."""
        return type(self), (self.faults,)


class ApplicationNotFound(ConfigurationError, LookupError):
    """Say that ``module:attribute`` names no application."""


class IntegrationError(FastNFuriousError):
    """Group the errors about integrations themselves."""


class UnknownIntegration(IntegrationError, LookupError):
    """Say that no installed package offers an integration of that name."""


class IntegrationNotInstalled(IntegrationError, AttributeError):
    """Name the extra that has to be installed for an integration."""


class IntegrationNotEnabled(IntegrationError, AttributeError):
    """Say that an application's ``integrations=[…]`` leaves an integration out."""


class StartupError(FastNFuriousError, RuntimeError):
    """Say which part could not be opened, and why."""


class ResourceUnavailable(FastNFuriousError, ConnectionError):
    """Say that a backing service cannot be reached; a request gets a 503 problem."""

    status: ClassVar[int] = 503


class OperationTimeout(FastNFuriousError, TimeoutError):
    """Say that a backing service did not answer in time; a request gets a 504 problem."""

    status: ClassVar[int] = 504


class NotAuthenticated(FastNFuriousError, PermissionError):
    """Say that it is not known who is calling; a request gets a 401 problem.

    Args:
        message: What was wrong with the proof of identity, if there was one.
        headers: ``WWW-Authenticate``, which says how to do better.
    """

    status: ClassVar[int] = 401
    public: ClassVar[bool] = True

    def __init__(self, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.headers = dict(headers or {"WWW-Authenticate": "Bearer"})


class NotAllowed(FastNFuriousError, PermissionError):
    """Say that who is calling may not do this; a request gets a 403 problem.

    Args:
        message: What is missing.
        headers: ``WWW-Authenticate``, if another token would help.
    """

    status: ClassVar[int] = 403
    public: ClassVar[bool] = True

    def __init__(self, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.headers = dict(headers or {})


class ResourceNotFound(FastNFuriousError, LookupError):
    """Say that what was asked for does not exist; a request gets a 404 problem."""

    status: ClassVar[int] = 404
    public: ClassVar[bool] = True


class Conflict(FastNFuriousError, ValueError):
    """Say that what was asked for contradicts what exists; a request gets a 409 problem."""

    status: ClassVar[int] = 409
    public: ClassVar[bool] = True


class MetricConflict(FastNFuriousError, ValueError):
    """Say that a metric of that name exists with another type, help text or labels."""


_LOGGED = "__fastnfurious_logged__"


def mark_logged(error: BaseException) -> None:
    """Remember on the error itself that it has been logged.

    A server that meets the same error again on its way out can then stay silent, so that one
    failure is one log entry.
    """
    # Past `__setattr__`: an exception that is a frozen dataclass refuses that.
    error.__dict__[_LOGGED] = True


def is_logged(error: BaseException) -> bool:
    """Return whether `mark_logged` has seen this error."""
    return error.__dict__.get(_LOGGED) is True
