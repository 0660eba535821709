"""Keycloak in development mode, with a realm for the tests."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from urllib.request import urlopen

from servers.installing import maven_zip
from servers.server import Place, Program, Server, ServerUnavailable

__all__ = ["Keycloak"]

_VERSION = "26.7.3"
_ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{_VERSION}:zip"
_SHA256 = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"
_REALM = Path(__file__).parent / "realms" / "fastnfurious.json"


class Keycloak(Server):
    """Run Keycloak from Maven Central; its realm has two users, roles and three clients."""

    name = "keycloak"
    preferred_ports = (16080, 16081)
    patience = 180.0

    def install(self, cache: Path) -> Program:
        """Return the unpacked distribution.

        Raises:
            ServerUnavailable: Java or Maven is missing, or the file cannot be fetched.
        """
        if shutil.which("java") is None:
            raise ServerUnavailable("install Java 17 or later: Keycloak runs on it")
        return Program(_VERSION, maven_zip(cache, _ARTIFACT, _SHA256))

    def prepare(self, program: Program, place: Place) -> None:
        """Copy the distribution, which writes into its own folder, and lay out the realm."""
        home = place.data / "keycloak"
        shutil.copytree(program.path, home)
        (home / "data" / "import").mkdir(parents=True)
        shutil.copy(_REALM, home / "data" / "import")

    def command(self, program: Program, place: Place) -> list[str]:
        """Return the command."""
        http, management = place.ports
        listening = ["--http-host=127.0.0.1", f"--http-port={http}"]
        managed = [f"--http-management-port={management}", "--http-management-host=127.0.0.1"]
        modest = ["--cache=local", "--db=dev-mem", "--metrics-enabled=false"]
        start = [str(place.data / "keycloak" / "bin" / "kc.sh"), "start-dev", "--import-realm"]
        return [*start, *listening, *managed, *modest]

    def environment(self, place: Place) -> dict[str, str]:
        """Return the bound of its heap and the credentials of its administrator."""
        return {
            "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m -XX:TieredStopAtLevel=1",
            "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
            "KC_BOOTSTRAP_ADMIN_PASSWORD": "admin",
        }

    def answers(self, program: Program, place: Place) -> bool:
        """Return whether it describes the realm."""
        with urlopen(f"{self.url(place)}/.well-known/openid-configuration", timeout=5) as answer:
            described: dict[str, str] = json.load(answer)
            return described["issuer"] == self.url(place)

    def url(self, place: Place) -> str:
        """Return the issuer."""
        return f"http://127.0.0.1:{place.port}/realms/fastnfurious"

    def settings(self, place: Place) -> dict[str, str]:
        """Return the issuer, the audience and the client as the integration reads them."""
        return {
            "OIDC_ISSUER": self.url(place),
            "OIDC_AUDIENCE": "service",
            "OIDC_CLIENT_ID": "service",
            "OIDC_CLIENT_SECRET": "service-secret",
        }
