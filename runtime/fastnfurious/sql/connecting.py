"""Addresses as people write them, and what their drivers want to be told."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from fastnfurious.core.errors import StartupError

__all__ = ["connect_arguments", "driver_url", "system_of"]

_DRIVERS = {
    "postgres": ("postgresql", ("asyncpg",)),
    "postgresql": ("postgresql", ("asyncpg",)),
    "sqlite": ("sqlite", ("aiosqlite",)),
    "mysql": ("mysql", ("asyncmy", "aiomysql")),
    "mariadb": ("mariadb", ("asyncmy", "aiomysql")),
}


def driver_url(url: str) -> str:
    """Return the address with the driver that is used for it.

    Raises:
        StartupError: The driver is not installed.

    Example:
        >>> driver_url("postgres://ann@db.example.com/shop?sslmode=require")
        'postgresql+asyncpg://ann@db.example.com/shop?ssl=require'
    """
    parts = urlsplit(url)
    kind, _, driver = parts.scheme.partition("+")
    system, drivers = _DRIVERS[kind]
    chosen = driver or _installed(system, drivers)
    query = urlencode([(_option(chosen, name), value) for name, value in parse_qsl(parts.query)])
    # Not `urlunsplit` for the scheme: it drops the empty host of an SQLite address.
    address = urlunsplit(("", parts.netloc, parts.path, query, ""))
    slashes = "" if parts.netloc else "//"
    return f"{system}+{chosen}:{slashes}{address}"


def system_of(url: str) -> str:
    """Return the name of the product behind an address, in OpenTelemetry's words."""
    return _DRIVERS[urlsplit(url).scheme.partition("+")[0]][0]


def connect_arguments(system: str, seconds: float) -> dict[str, Any]:
    """Return what limits the time that connecting takes, in the words of the driver."""
    return {"postgresql": {"timeout": seconds}, "sqlite": {"timeout": seconds}}.get(
        system, {"connect_timeout": seconds}
    )


def _option(driver: str, name: str) -> str:
    # The name that libpq gives it is the one that people have at hand.
    return "ssl" if driver == "asyncpg" and name == "sslmode" else name


def _installed(system: str, drivers: tuple[str, ...]) -> str:
    for driver in drivers:
        if find_spec(driver) is not None:
            return driver
    raise StartupError(
        f"DATABASE_URL names a {system} database, whose driver is not installed: "
        f"run `pip install {drivers[0]}`"
    )
