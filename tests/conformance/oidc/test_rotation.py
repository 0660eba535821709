"""A rotation as the issuer itself does it: a new key signs, and the old one is withdrawn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from secrets import token_hex
from urllib.parse import urlsplit

import httpx
import pytest

from fastnfurious.oidc.refusal import Refusal
from servers.plugin import Backing
from tests.conformance.oidc.issuers import EmbeddedUnderTest, RealUnderTest, TestedIssuer
from tests.conformance.oidc.test_tokens import assert_refused

Rotated = tuple[TestedIssuer, Callable[[], Awaitable[None]]]

_GENERATED = "rsa-generated"


class Administrator:
    """Give Keycloak a realm for one test, and rotate its key."""

    def __init__(self, issuer: str) -> None:
        parts = urlsplit(issuer)
        self.root = f"{parts.scheme}://{parts.netloc}"
        self.realm = f"rotation-{token_hex(4)}"
        self.http = httpx.AsyncClient(base_url=f"{self.root}/admin/realms", timeout=30)

    async def log_in(self) -> None:
        """Take the administrator's token."""
        form = {"grant_type": "password", "client_id": "admin-cli"}
        person = {"username": "admin", "password": "admin"}
        address = f"{self.root}/realms/master/protocol/openid-connect/token"
        answer = await self.http.post(address, data=form | person)
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    async def create(self) -> None:
        """Make the realm, with what `RealUnderTest` expects."""
        mapper = {
            "name": "audience",
            "protocol": "openid-connect",
            "protocolMapper": "oidc-audience-mapper",
            "config": {"included.client.audience": "service", "access.token.claim": "true"},
        }
        client = {
            "clientId": "service",
            "secret": "service-secret",
            "directAccessGrantsEnabled": True,
            "protocolMappers": [mapper],
        }
        user = {
            "username": "alice",
            "enabled": True,
            "email": "alice@example.com",
            "firstName": "Alice",
            "lastName": "Liddell",
            "credentials": [{"type": "password", "value": "alice", "temporary": False}],
        }
        realm = {"realm": self.realm, "enabled": True, "clients": [client], "users": [user]}
        (await self.http.post("", json={**realm, "sslRequired": "none"})).raise_for_status()

    async def rotate(self) -> None:
        """Add a key that signs from now on, and remove the one that did."""
        kind = "org.keycloak.keys.KeyProvider"
        where = f"/{self.realm}/components"
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

    async def aclose(self) -> None:
        """Remove the realm."""
        await self.http.delete(f"/{self.realm}")
        await self.http.aclose()


@pytest.fixture(params=["embedded", "keycloak"])
async def rotated(request: pytest.FixtureRequest, backing: Backing) -> AsyncIterator[Rotated]:
    """Return an issuer of the test's own, and what rotates its key."""
    endpoint = backing("oidc", request.param)
    if endpoint is None:
        embedded = EmbeddedUnderTest({})

        async def rotate() -> None:
            embedded.integration.issuer.rotate()

        yield embedded, rotate
        await embedded.aclose()
        return
    administrator = Administrator(endpoint.settings["OIDC_ISSUER"])
    await administrator.log_in()
    await administrator.create()
    address = f"{administrator.root}/realms/{administrator.realm}"
    real = RealUnderTest({**endpoint.settings, "OIDC_ISSUER": address})
    yield real, administrator.rotate
    await real.aclose()
    await administrator.aclose()


async def test_new_tokens_are_believed_and_old_ones_are_not(rotated: Rotated) -> None:
    """The first new token fetches the new key, once for a thousand requests."""
    issuer, rotate = rotated
    client, old = issuer.client(), await issuer.token()
    assert (await client.verify(old)).preferred_username == "alice"
    await rotate()
    new = await issuer.token()
    # The pause between two fetches is over.
    issuer.clock.by = 11
    await asyncio.gather(*(client.verify(new) for _ in range(1000)))
    assert issuer.transport.fetches == 2
    await assert_refused(client, old, Refusal.KEY)
    assert issuer.transport.fetches == 2
