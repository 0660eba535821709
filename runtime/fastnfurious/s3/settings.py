"""The settings of S3."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from fastnfurious.core.errors import FastNFuriousError
from fastnfurious.core.integration import IntegrationSettings
from fastnfurious.s3.names import check_bucket

__all__ = ["S3Settings"]

_SMALLEST_PART = 5 << 20


def _http_url(value: str | None) -> str | None:
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise ValueError("expected a URL without credentials, such as https://s3.example.com:9000")
    if parts.path.strip("/") or parts.query:
        raise ValueError("expected a URL without a path, such as https://s3.example.com:9000")
    return value.rstrip("/")


def _split(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


def _bucket_names(names: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(map(check_bucket, names))
    except FastNFuriousError as error:
        raise ValueError(str(error)) from None


_Url = Annotated[str, AfterValidator(_http_url)]
_Buckets = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_bucket_names)
]


class S3Settings(IntegrationSettings):
    """Say where objects are kept, and how patient to be.

    Example:
        >>> S3Settings(buckets="models, uploads").buckets
        ('models', 'uploads')
    """

    model_config = SettingsConfigDict(env_prefix="S3_")
    address_field: ClassVar[str] = "endpoint"

    endpoint: _Url | None = Field(
        None, description="Address of the S3 server, for example https://s3.example.com:9000."
    )
    access_key: str | None = Field(None, description="Name of the access key.")
    secret_key: SecretStr | None = Field(None, description="Secret of the access key.")
    session_token: SecretStr | None = Field(
        None, description="Token that comes with temporary credentials."
    )
    region: str = Field("us-east-1", min_length=1, description="Region of the buckets.")
    public_url: _Url | None = Field(
        None,
        description="Address that presigned URLs name, where clients see another one than the "
        "service does; with the stand-in by default that of the service itself.",
    )
    buckets: _Buckets = Field(
        (), description="Buckets to create at start if they are missing, separated by commas."
    )
    folder: Path | None = Field(
        None,
        description="Where the stand-in keeps objects; by default .data/s3, and in the environment "
        "test nowhere but in memory.",
    )
    connections: int = Field(
        32, ge=1, le=1024, description="Requests, open readers among them, at the same time."
    )
    connect_timeout_seconds: float = Field(
        5.0, gt=0, description="How long connecting to the server may take."
    )
    timeout_seconds: float = Field(
        30.0,
        gt=0,
        description="How long the server may stay silent, and how long to wait for a free "
        "connection.",
    )
    retries: int = Field(
        2, ge=0, le=10, description="How often a request that may be repeated is tried again."
    )
    part_size: int = Field(
        8 << 20,
        ge=_SMALLEST_PART,
        le=5 << 30,
        description="Bytes in a part; a longer object is written in several.",
    )

    @model_validator(mode="after")
    def _credentials_go_together(self) -> S3Settings:
        if (self.access_key is None) is not (self.secret_key is None):
            raise ValueError("S3_ACCESS_KEY and S3_SECRET_KEY are set together or not at all")
        return self
