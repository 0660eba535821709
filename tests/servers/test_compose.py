"""The servers for Docker are those of the catalogue: names, versions, ports and settings."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from servers.catalogue import SERVERS
from servers.server import Place, Server

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "servers" / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
PINS = ROOT / "servers" / "requirements"

FROM_THE_MACHINE = {"redis", "prometheus"}
"""Those whose version is that of the distribution; the image has that of Debian 12."""

IN_SIGHT = {"chromium"}
"""Those that must see this machine's own ports, which a container does not."""

BUILT = {"minio"}
"""That for which no image of our commit exists."""


def version_of(server: Server) -> str:
    """Return the version that a server is pinned to."""
    if server.name == "nats":
        [pinned] = re.findall(r"==(\S+)", (PINS / "nats.txt").read_text(encoding="utf-8"))
        return str(pinned)
    return str(vars(sys.modules[type(server).__module__])["_VERSION"])


def plain(version: str) -> str:
    """Return a version as a tag of an image has it, and as a package has it, in one spelling."""
    short = version.removesuffix("-alpine")
    return short.removesuffix(".0") if short.count(".") > 1 else short


def test_the_set_is_the_same() -> None:
    """No server is missing, and none is there that the tests do not know."""
    assert sorted(SERVICES) == sorted(set(SERVERS) - IN_SIGHT)


@pytest.mark.parametrize("name", sorted(set(SERVERS) - FROM_THE_MACHINE - IN_SIGHT - BUILT))
def test_versions_are_the_same(name: str) -> None:
    """Whoever changes one changes the other."""
    service = SERVICES[name]
    installed = re.findall(r"==(\S+)", " ".join(service.get("command", ())))
    [version] = installed or [service["image"].partition(":")[2]]
    assert plain(version) == plain(version_of(SERVERS[name]))


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_the_same(name: str) -> None:
    """Services reach them by the same addresses, from this machine alone."""
    published = [port.split(":") for port in SERVICES[name]["ports"]]
    assert {address for address, _, _ in published} == {"127.0.0.1"}
    ports = [int(port) for _, port, _ in published]
    assert ports == list(SERVERS[name].preferred_ports[: len(ports)])


@pytest.mark.parametrize("name", ["keycloak", "minio", "nats", "prometheus"])
def test_the_environment_is_the_same(name: str) -> None:
    """Credentials and bounds of memory do not differ."""
    place = Place(Path("data"), SERVERS[name].preferred_ports)
    ours = SERVERS[name].environment(place)
    assert ours.items() <= SERVICES[name]["environment"].items()


def test_the_database_is_the_same() -> None:
    """The address in the settings is that of the container."""
    has = SERVICES["postgres"]["environment"]
    login = f"{has['POSTGRES_USER']}:{has['POSTGRES_PASSWORD']}"
    server = SERVERS["postgres"]
    port = server.preferred_ports[0]
    address = f"postgresql://{login}@127.0.0.1:{port}/{has['POSTGRES_DB']}"
    assert server.url(Place(Path("data"), (port,))) == address
    assert "wal_level=logical" in SERVICES["postgres"]["command"]


@pytest.mark.parametrize("name", SERVICES)
def test_each_says_when_it_is_ready(name: str) -> None:
    """`docker compose up --wait` waits for a real answer, within bounds; memory has bounds too."""
    service = SERVICES[name]
    assert service["healthcheck"]["test"]
    assert service["healthcheck"]["retries"] * 2 >= SERVERS[name].patience
    assert service["mem_limit"]
