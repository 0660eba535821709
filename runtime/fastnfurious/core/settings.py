"""Settings from the environment and a ``.env`` file, with errors a person can act on.

*Source:* the reading order and the naming of variables are those of pydantic-settings,
https://docs.pydantic.dev/latest/concepts/pydantic_settings/.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Self

from pydantic import Field, PrivateAttr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from fastnfurious.core.env_file import ENV_FILE_VARIABLE, EnvFile
from fastnfurious.core.errors import SettingsError
from fastnfurious.core.setting_faults import find_slips, find_wrong_values, variables_of
from fastnfurious.core.setting_leaves import Leaf, argument_key, leaves, top_leaves
from fastnfurious.core.setting_sources import EnvFileSource, EnvironmentSource
from fastnfurious.core.setting_words import MASK, type_in_words, value_in_words, without_password

__all__ = [
    "ENV_FILE_VARIABLE",
    "Environment",
    "FastNFuriousSettings",
    "SettingDescription",
    "Settings",
]


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

    A field may be a model of its own: with ``env_nested_delimiter`` its fields have variables too.

    Example:
        >>> from pydantic import Field
        >>> class MailSettings(Settings):
        ...     model_config = {"env_prefix": "MAIL_"}
        ...     port: int = Field(25, description="Port of the mail server.")
        >>> [row.variable for row in MailSettings.describe()]
        ['MAIL_PORT']
    """

    model_config = SettingsConfigDict(
        extra="ignore",
        frozen=True,
        validate_default=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    _arguments: frozenset[str] = PrivateAttr(default=frozenset())

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self._arguments = frozenset(name.upper() for name in values)

    @classmethod
    def load(cls, **values: Any) -> Self:
        """Read the settings from ``values``, the environment and the ``.env`` file, in this order.

        Args:
            **values: Fields given by the caller, which win over everything else.

        Raises:
            SettingsError: A variable is missing or malformed; every fault is listed.
            TypeError: ``values`` names a field that does not exist.
        """
        _refuse_unknown(cls, values)
        file = EnvFile.read()
        faults = [*file.faults, *find_slips(cls, file, lambda: _known_variables(Settings))]
        fields = cls.model_fields
        keyed = {argument_key(fields[name], name): value for name, value in values.items()}
        try:
            settings = cls(_env_file=file.path if file.values else None, **keyed)
        except ValidationError as error:
            faults += find_wrong_values(cls, error, file, values)
        # Raised down here, so that the error carries no context that holds unmasked values.
        if faults:
            raise SettingsError(faults)
        return settings

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where values come from, the strongest first; pydantic-settings asks for it."""
        path = getattr(dotenv_settings, "env_file", None)
        strongest = (init_settings, EnvironmentSource(settings_cls))
        if path is None:
            return *strongest, file_secret_settings
        file = EnvFileSource(settings_cls, env_file=path)
        return *strongest, file, file_secret_settings

    @classmethod
    def variable(cls, field: str) -> str:
        """Return the environment variable of a field."""
        return next(leaf.variables[0] for leaf in top_leaves(cls) if leaf.path == (field,))

    @classmethod
    def describe(cls) -> list[SettingDescription]:
        """Return one row for each setting, in the order of their definition."""
        return [_description(leaf) for leaf in leaves(cls)]

    def explain(self) -> list[SettingDescription]:
        """Return `describe` with the effective values and where each came from."""
        file = EnvFile.read()
        return [
            replace(
                _description(leaf),
                value=_shown(leaf, leaf.value_in(self)),
                source=self._source(leaf, file),
            )
            for leaf in leaves(type(self))
        ]

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Show the fields; secrets and the passwords in URLs are masked."""
        for name, value in super().__repr_args__():
            yield name, without_password(value) if isinstance(value, str) else value

    def _source(self, leaf: Leaf, file: EnvFile) -> str:
        variables = {*leaf.variables, *leaf.enclosing}
        if self._arguments & {leaf.path[0].upper(), *variables}:
            return "argument"
        if variables & {name.upper() for name, value in os.environ.items() if value}:
            return "environment"
        if variables & {name.upper() for name, value in file.values.items() if value}:
            return file.path.name
        return "default"


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


def _refuse_unknown(model: type[Settings], names: Iterable[str]) -> None:
    for name in names:
        if name not in model.model_fields:
            near = get_close_matches(name, model.model_fields, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"{model.__name__} has no setting {name!r}{hint}")


def _known_variables(model: type[Settings]) -> set[str]:
    known = set(variables_of(model))
    return known.union(*map(_known_variables, model.__subclasses__()))


def _description(leaf: Leaf) -> SettingDescription:
    field = leaf.field
    return SettingDescription(
        variable=leaf.variables[0],
        type=type_in_words(field.annotation),
        default=None if field.is_required() else _shown(leaf, _default(field)),
        description=field.description or "",
        secret=leaf.secret,
    )


def _default(field: FieldInfo) -> Any:
    if field.default_factory_takes_validated_data:
        return "depends on other settings"
    return field.get_default(call_default_factory=True)


def _shown(leaf: Leaf, value: Any) -> str:
    text = value_in_words(value)
    return MASK if leaf.secret and text and MASK not in text else text
