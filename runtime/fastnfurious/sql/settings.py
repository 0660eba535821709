"""The settings of the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from fastnfurious.core.integration import IntegrationSettings

__all__ = ["SqlSettings"]

_SCHEMES = ("postgresql", "postgres", "sqlite", "mysql", "mariadb")


def _address(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if parts.scheme.partition("+")[0] not in _SCHEMES or not parts.path.strip("/"):
        raise ValueError("expected an address such as postgresql://user:password@host:5432/name")
    return value


class SqlSettings(IntegrationSettings):
    """Point at the database, and bound what a statement may cost.

    Example:
        >>> SqlSettings().pool_size
        10
    """

    model_config = SettingsConfigDict(env_prefix="DATABASE_")

    url: Annotated[SecretStr, AfterValidator(_address)] | None = Field(
        None, description="Address of the database, postgresql://user:password@host:5432/name."
    )
    file: Path = Field(Path(".data/database.sqlite3"), description="File of the embedded database.")
    pool_size: int = Field(
        10, gt=0, description="Connections that are open at most, in each process."
    )
    pool_wait_seconds: float = Field(
        5.0, gt=0, description="How long a request waits for a free connection before it gets 503."
    )
    connect_seconds: float = Field(5.0, gt=0, description="How long connecting may take.")
    read_seconds: float = Field(
        30.0, gt=0, description="How long a statement that reads may take before it is stopped."
    )
    write_seconds: float = Field(
        30.0, gt=0, description="How long a statement that writes may take before it is stopped."
    )
    slow_seconds: float = Field(
        0.5, ge=0, description="A statement that takes longer is logged, without its values."
    )
