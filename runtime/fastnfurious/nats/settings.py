"""What an application can be told about its NATS server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, FilePath, SecretStr, field_validator

from fastnfurious.core.integration import IntegrationSettings
from fastnfurious.nats.jetstream.stream import Stream

__all__ = ["NatsSettings"]

_CREDENTIALS = (b"BEGIN NATS USER JWT", b"BEGIN USER NKEY SEED")
_is_seed = re.compile(r"SU[A-Z2-7]{56}").fullmatch
_SCHEMES = ("nats", "tls", "ws", "wss")


class NatsSettings(IntegrationSettings):
    """Say where NATS is, who we are there, and how long to wait.

    Example:
        >>> NatsSettings.load(url="nats://bus-1:4222, nats://bus-2:4222").servers
        ['nats://bus-1:4222', 'nats://bus-2:4222']
    """

    model_config = {"env_prefix": "NATS_"}

    url: SecretStr | None = Field(
        None, description="Address of the server, or of several with commas between them."
    )
    user: str | None = Field(None, description="User name, when the server asks for one.")
    password: SecretStr | None = Field(None, description="Password of the user.")
    token: SecretStr | None = Field(None, description="Token, when the server asks for one.")
    credentials: FilePath | None = Field(
        None, description="File with the user's JWT and seed, as `nsc generate creds` writes it."
    )
    nkey_seed: SecretStr | None = Field(
        None, description="Seed of the user's NKey, when the server knows its public key."
    )
    tls_ca: FilePath | None = Field(
        None, description="File with the certificates that vouch for the server."
    )
    tls_certificate: FilePath | None = Field(
        None, description="File with our own certificate, when the server asks for one."
    )
    tls_key: FilePath | None = Field(
        None, description="File with the key of that certificate, if it is not in the same file."
    )
    embedded_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port of the stand-in, for tools and other services on this machine; "
        "0 chooses one that is free.",
    )
    timeout: float = Field(2.0, gt=0, description="Seconds to wait for the reply to a request.")
    connect_timeout: float = Field(
        2.0, gt=0, description="Seconds to wait for a connection, at the start and when it is lost."
    )
    longest_wait: float = Field(
        0.5,
        gt=0,
        description="Most seconds between two attempts to reach a server that is away.",
    )
    drain_timeout: float = Field(
        10.0, gt=0, description="Seconds that messages in hand get to be finished at shutdown."
    )
    ping_interval: float = Field(
        10.0,
        gt=0,
        description="Seconds between signs of life; three missing ones end a connection.",
    )
    pending_bytes: int = Field(
        8 * 1024 * 1024,
        ge=0,
        description="Most bytes of publications that wait while the server is away.",
    )
    pending_messages: int = Field(
        65_536, gt=0, description="Most messages that wait for the handlers of one subscription."
    )

    streams: list[Stream] = Field(
        [],
        description="Streams of JetStream that are created or compared at the start, as JSON: "
        '[{"name": "ORDERS", "subjects": ["orders.>"], "max_age": 604800}].',
    )

    @field_validator("url", mode="before")
    @classmethod
    def _check_url(cls, value: Any) -> Any:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if isinstance(text, str):
            for address in _split(text):
                _check_address(address)
        return value

    @field_validator("credentials")
    @classmethod
    def _check_credentials(cls, value: Path | None) -> Path | None:
        # The driver would look for these lines for ever.
        if value is not None and not all(line in value.read_bytes() for line in _CREDENTIALS):
            raise ValueError("a file with a user's JWT and seed, from `nsc generate creds`")
        return value

    @field_validator("nkey_seed")
    @classmethod
    def _check_seed(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _is_seed(value.get_secret_value()):
            raise ValueError("the seed of a user: SU, and 56 capital letters and digits")
        return value

    @property
    def servers(self) -> list[str]:
        """Return the addresses, credentials included."""
        return _split(self.url.get_secret_value()) if self.url else []

    @property
    def shown_address(self) -> str:
        """Return the addresses without credentials."""
        return ", ".join(_without_credentials(urlsplit(server)) for server in self.servers)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise ValueError("an address such as nats://host:4222")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("the port is a number from 0 to 65535") from None


def _without_credentials(parts: SplitResult) -> str:
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
