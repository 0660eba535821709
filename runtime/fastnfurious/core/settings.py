"""Settings from the environment and a ``.env`` file, with errors a person can act on.

*Source:* the reading order and the naming of variables are those of pydantic-settings,
https://docs.pydantic.dev/latest/concepts/pydantic_settings/.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from dotenv import dotenv_values
from pydantic import Field, SecretBytes, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableValue

from fastnfurious.core.errors import SettingFault, SettingsError

__all__ = [
    "ENV_FILE_VARIABLE",
    "Environment",
    "FastNFuriousSettings",
    "SettingDescription",
    "Settings",
]

ENV_FILE_VARIABLE = "ENV_FILE"
"""Variable that names the ``.env`` file to read; the default is ``.env`` in the working folder."""

MASK = "**********"


class Environment(StrEnum):
    """Where a service runs; embedded stand-ins only start by themselves in the first two."""

    DEVELOPMENT = "development"
    TEST = "test"
    STAGING = "staging"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class SettingDescription:
    """Describe one setting, for the generated table and the ``config`` command.

    Attributes:
        variable: Environment variable.
        type: Type in words.
        default: Default as text; ``None`` when the setting is required.
        description: What the setting does.
        secret: Whether its value is masked wherever it is shown.
        value: Effective value as text, masked if secret; ``None`` when only the class is described.
        source: ``environment``, the name of the ``.env`` file, ``default`` or ``argument``.
    """

    variable: str
    type: str
    default: str | None
    description: str
    secret: bool
    value: str | None = None
    source: str | None = None


class Settings(BaseSettings):
    """Read one group of settings; subclasses set ``env_prefix`` and document every field.

    Example:
        >>> from pydantic import Field
        >>> class MailSettings(Settings):
        ...     model_config = {"env_prefix": "MAIL_"}
        ...     port: int = Field(25, description="Port of the mail server.")
        >>> [row.variable for row in MailSettings.describe()]
        ['MAIL_PORT']
    """

    model_config = SettingsConfigDict(
        extra="ignore", frozen=True, validate_default=True, env_ignore_empty=True
    )

    @classmethod
    def load(cls, **values: Any) -> Self:
        """Read the settings from ``values``, the environment and the ``.env`` file, in this order.

        Args:
            **values: Fields given by the caller, which win over everything else.

        Raises:
            SettingsError: A variable is missing or malformed; every fault is listed.
        """
        try:
            return cls(_env_file=_env_file(), **values)
        except ValidationError as error:
            raise SettingsError(list(cls._faults(error))) from None
        except UnreadableValue as error:
            raise SettingsError([cls._unreadable(error)]) from None

    @classmethod
    def variable(cls, field: str) -> str:
        """Return the environment variable of a field."""
        alias = cls.model_fields[field].validation_alias
        if isinstance(alias, str):
            return alias.upper()
        return f"{cls.model_config.get('env_prefix', '')}{field}".upper()

    @classmethod
    def describe(cls) -> list[SettingDescription]:
        """Return one row for each setting, in the order of their definition."""
        return [cls._description(name, field) for name, field in cls.model_fields.items()]

    def explain(self) -> list[SettingDescription]:
        """Return `describe` with the effective values and where each came from."""
        from_file = {name.upper() for name in dotenv_values(_env_file())}
        rows = []
        for name, field in type(self).model_fields.items():
            row = type(self)._description(name, field)
            read = getattr(self, name)
            value = MASK if row.secret and read is not None else _text(read)
            source = self._source(name, row.variable, from_file)
            rows.append(
                SettingDescription(
                    row.variable, row.type, row.default, row.description, row.secret, value, source
                )
            )
        return rows

    def _source(self, name: str, variable: str, from_file: set[str]) -> str:
        if variable in {key.upper() for key in os.environ}:
            return "environment"
        if variable in from_file:
            return _env_file().name
        return "argument" if name in self.model_fields_set else "default"

    @classmethod
    def _description(cls, name: str, field: FieldInfo) -> SettingDescription:
        default = (
            None if field.is_required() else _text(field.get_default(call_default_factory=True))
        )
        return SettingDescription(
            variable=cls.variable(name),
            type=_type_in_words(field.annotation),
            default=default,
            description=field.description or "",
            secret=_is_secret(field.annotation),
        )

    @classmethod
    def _faults(cls, error: ValidationError) -> Iterator[SettingFault]:
        for fault in error.errors(include_url=False, include_context=False):
            name = cls._field_of(str(fault["loc"][0])) if fault["loc"] else None
            if name is None:
                yield SettingFault(cls.__name__, None, fault["msg"])
                continue
            field = cls.model_fields[name]
            missing = fault["type"] == "missing"
            value = MASK if _is_secret(field.annotation) else str(fault["input"])
            yield SettingFault(cls.variable(name), None if missing else value, fault["msg"])

    @classmethod
    def _unreadable(cls, error: UnreadableValue) -> SettingFault:
        name = next((name for name in cls.model_fields if f'"{name}"' in str(error)), None)
        if name is None:
            return SettingFault(cls.__name__, None, str(error))
        variable = cls.variable(name)
        secret = _is_secret(cls.model_fields[name].annotation)
        value = MASK if secret else os.environ.get(variable, "")
        return SettingFault(variable, value, "expected JSON")

    @classmethod
    def _field_of(cls, location: str) -> str | None:
        wanted = location.upper()
        return next(
            (name for name in cls.model_fields if wanted in (name.upper(), cls.variable(name))),
            None,
        )


class FastNFuriousSettings(Settings):
    """Read what every service needs; a service's own settings extend this class.

    Example:
        >>> FastNFuriousSettings.load(environment="test").environment.value
        'test'
    """

    environment: Environment = Field(
        Environment.DEVELOPMENT,
        description="Where the service runs; embedded stand-ins need development or test.",
    )
    service_name: str = Field(
        "service",
        min_length=1,
        description="Name of the service in logs, traces, metrics and health.",
    )
    service_version: str = Field(
        "0.0.0", description="Version of the service, shown in the same places."
    )
    management_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port for health, metrics and log levels; by default the public one.",
    )
    management_host: str = Field(
        "127.0.0.1", description="Address that the management port listens on."
    )


def _env_file() -> Path:
    return Path(os.environ.get(ENV_FILE_VARIABLE, ".env"))


def _is_secret(annotation: object) -> bool:
    return any(secret.__name__ in str(annotation) for secret in (SecretStr, SecretBytes))


def _type_in_words(annotation: object) -> str:
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return " | ".join(annotation)
    if isinstance(annotation, type):
        return annotation.__name__
    return str(annotation).replace("typing.", "").replace("NoneType", "None")


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value.value if isinstance(value, StrEnum) else value)
