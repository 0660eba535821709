"""How the service listens, and how it stops."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, FilePath, SecretStr

from fastnfurious.core.settings import Settings

__all__ = ["ServerSettings"]


class ServerSettings(Settings):
    """Read where the service listens and how long it takes to stop.

    Each setting is also an option of ``start``; the option wins.

    Example:
        >>> ServerSettings.load(port=9000).port
        9000
    """

    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="Address or host name to listen on; 0.0.0.0 for every IPv4 address.",
    )
    port: int = Field(
        8000, ge=0, le=65535, description="Port to listen on; 0 chooses one that is free."
    )
    uds: Path | None = Field(
        None, description="Unix domain socket to listen on, in place of host and port."
    )
    workers: int = Field(1, ge=1, le=1024, description="How many processes serve requests.")
    reload: bool = Field(
        False, description="Restart when the code changes; for development, with one worker."
    )
    reload_dir: Path | None = Field(
        None, description="Folder to watch for changes; the working folder by default."
    )
    root_path: str = Field(
        "", description="Path that a proxy in front strips off, for example /api."
    )
    forwarded_allow_ips: str = Field(
        "127.0.0.1,::1",
        description="Proxies whose X-Forwarded headers count, separated by commas; * for all.",
    )
    backlog: int = Field(
        2048, ge=1, le=65535, description="How many connections may wait to be accepted."
    )
    keep_alive: int = Field(
        5, ge=1, description="Seconds after which a connection without requests is closed."
    )
    shutdown_delay: float = Field(
        0.25,
        ge=0,
        le=600,
        description="Seconds between turning unready and closing the port, for load balancers.",
    )
    shutdown_timeout: float = Field(
        20.0,
        gt=0,
        le=3600,
        description="Seconds that requests in flight have to finish before they are cut off.",
    )
    ssl_certfile: FilePath | None = Field(
        None, description="Certificate chain in PEM format; serves HTTPS."
    )
    ssl_keyfile: FilePath | None = Field(
        None, description="Private key in PEM format, when it is not in the certificate's file."
    )
    ssl_keyfile_password: SecretStr | None = Field(None, description="Password of the private key.")
    ssl_ca_certs: FilePath | None = Field(
        None,
        description="Certificate authorities in PEM format; clients must then show a certificate.",
    )
    ssl_ciphers: str | None = Field(
        None, min_length=1, description="Ciphers to offer for TLS 1.2, in OpenSSL's notation."
    )
