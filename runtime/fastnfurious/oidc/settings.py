"""The settings of users and tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from fastnfurious.core.errors import SettingFault, SettingsError
from fastnfurious.core.integration import IntegrationSettings

__all__ = ["ALGORITHMS", "OidcSettings"]

ALGORITHMS = frozenset(
    f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512)
) | {"EdDSA", "Ed25519"}
"""Signatures that can be allowed: those with a public key. A shared secret is none."""


def _split(value: Any) -> Any:
    if isinstance(value, str):
        return [part for part in (each.strip() for each in value.split(",")) if part]
    return value


def _known(algorithms: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [name for name in algorithms if name not in ALGORITHMS]
    if unknown or not algorithms:
        raise ValueError(f"expected some of {', '.join(sorted(ALGORITHMS))}")
    return algorithms


def _not_for_everyone(audience: tuple[str, ...]) -> tuple[str, ...]:
    if "account" in audience:
        raise ValueError(
            "Keycloak puts 'account' into the tokens of every client, so it protects nothing: "
            "add an audience mapper for this service and name that audience"
        )
    return audience


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


class OidcSettings(IntegrationSettings):
    """Say whose tokens are accepted, and how this service gets its own.

    Example:
        >>> OidcSettings(issuer="https://id.example.com/realms/shop", client_id="shop").audiences
        ('shop',)
    """

    model_config = SettingsConfigDict(env_prefix="OIDC_")
    address_field: ClassVar[str] = "issuer"

    issuer: str | None = Field(
        None,
        description="Address of the issuer, exactly as its tokens name it, "
        "such as https://id.example.com/realms/shop.",
    )
    audience: Annotated[Names, AfterValidator(_not_for_everyone)] = Field(
        (),
        description="Audiences of which a token must have one, separated by commas; "
        "by default the client's id.",
    )
    client_id: str | None = Field(None, description="How the issuer knows this service.")
    client_secret: SecretStr | None = Field(
        None, description="With which this service asks for tokens of its own."
    )
    docs_client_id: str | None = Field(
        None,
        description="Public client with which the docs' Authorize button asks for a token; "
        "by default this service's own id.",
    )
    authorized_parties: Names = Field(
        (), description="Clients whose tokens are accepted, separated by commas; by default all."
    )
    algorithms: Annotated[Names, AfterValidator(_known)] = Field(
        ("RS256", "PS256", "ES256"),
        description="Signatures that are accepted, separated by commas.",
    )
    leeway_seconds: float = Field(
        10.0, ge=0, le=300, description="How far the issuer's clock may differ from ours."
    )
    max_token_bytes: int = Field(
        16384, ge=512, le=131072, description="Longest token that is looked at."
    )
    cache_seconds: float = Field(
        60.0,
        ge=0,
        le=3600,
        description="How long a verified token is not verified again; "
        "a token that is revoked works for up to that long.",
    )
    cache_size: int = Field(4096, ge=0, description="Verified tokens that are remembered.")
    keys_seconds: float = Field(
        300.0,
        gt=0,
        description="How old the issuer's keys may get before they are fetched again; "
        "known keys work on while they cannot be.",
    )
    unknown_key_seconds: float = Field(
        10.0,
        ge=0,
        description="Shortest time between two fetches that tokens with unknown keys cause.",
    )
    timeout_seconds: float = Field(5.0, gt=0, description="How long the issuer may take to answer.")
    embedded_folder: Path = Field(
        Path(".data/oidc"),
        description="Where the stand-in keeps its keys, so that tokens outlive a restart; "
        "in tests they are only in memory.",
    )

    @field_validator("issuer")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "https://unset")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("expected an address such as https://id.example.com/realms/shop")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("expected an address without a user, a query or a fragment")
        return value

    @property
    def audiences(self) -> tuple[str, ...]:
        """Return the audiences of which a token must have one."""
        return self.audience or ((self.client_id,) if self.client_id else ())

    def require_audience(self) -> None:
        """Make sure that it is said for whom tokens must be.

        Raises:
            SettingsError: Neither the audience nor the client's id is set.
        """
        if not self.audiences:
            accepted = (
                "tokens for any other service would be accepted; name this service's audience"
            )
            raise SettingsError([SettingFault(self.variable("audience"), None, accepted)])
