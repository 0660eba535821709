"""A realm of Keycloak for one test, which may change it as it likes."""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_hex
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

_GENERATED = "rsa-generated"


class Realm:
    """Make a realm with what `RealUnderTest` expects, and remove it at the end.

    Args:
        settings: Settings that name the server.
        roles: Roles of ``realm-management`` that the service's own account has.
    """

    def __init__(self, settings: Mapping[str, str], roles: tuple[str, ...] = ()) -> None:
        parts = urlsplit(settings["OIDC_ISSUER"])
        self.root = f"{parts.scheme}://{parts.netloc}"
        self.name = f"test-{token_hex(4)}"
        self.roles = roles
        self.settings = {**settings, "OIDC_ISSUER": f"{self.root}/realms/{self.name}"}
        self.http = httpx.AsyncClient(base_url=f"{self.root}/admin/realms", timeout=30)

    async def __aenter__(self) -> Self:
        """Make it, as the administrator of the server."""
        form = {"grant_type": "password", "client_id": "admin-cli"}
        person = {"username": "admin", "password": "admin"}
        address = f"{self.root}/realms/master/protocol/openid-connect/token"
        answer = await self.http.post(address, data=form | person)
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        (await self.http.post("", json=self._described())).raise_for_status()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Remove it."""
        await self.http.delete(f"/{self.name}")
        await self.http.aclose()

    async def rotate(self) -> None:
        """Add a key that signs from now on, and remove the one that did."""
        kind = "org.keycloak.keys.KeyProvider"
        where = f"/{self.name}/components"
        found = (await self.http.get(where, params={"type": kind})).json()
        new = {
            "name": "new",
            "providerId": _GENERATED,
            "providerType": kind,
            "config": {"priority": ["200"], "algorithm": ["RS256"], "keyUse": ["SIG"]},
        }
        (await self.http.post(where, json=new)).raise_for_status()
        for key in (each for each in found if each["providerId"] == _GENERATED):
            (await self.http.delete(f"{where}/{key['id']}")).raise_for_status()

    async def end_sessions(self) -> None:
        """Log everybody out."""
        (await self.http.post(f"/{self.name}/logout-all")).raise_for_status()

    def _described(self) -> dict[str, Any]:
        return {
            "realm": self.name,
            "enabled": True,
            "sslRequired": "none",
            "clients": [_SERVICE],
            "users": [_ALICE, self._account()],
        }

    def _account(self) -> dict[str, Any]:
        return {
            "username": "service-account-service",
            "enabled": True,
            "serviceAccountClientId": "service",
            "clientRoles": {"realm-management": list(self.roles)},
        }


_SERVICE: dict[str, Any] = {
    "clientId": "service",
    "secret": "service-secret",
    "directAccessGrantsEnabled": True,
    "serviceAccountsEnabled": True,
    "attributes": {"standard.token.exchange.enabled": "true"},
    "protocolMappers": [
        {
            "name": "audience",
            "protocol": "openid-connect",
            "protocolMapper": "oidc-audience-mapper",
            "config": {"included.client.audience": "service", "access.token.claim": "true"},
        }
    ],
}
_ALICE: dict[str, Any] = {
    "username": "alice",
    "enabled": True,
    "email": "alice@example.com",
    "firstName": "Alice",
    "lastName": "Liddell",
    "credentials": [{"type": "password", "value": "alice", "temporary": False}],
}
