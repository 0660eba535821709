"""A small issuer for tests: keys, tokens in any shape, and a transport that counts."""

from __future__ import annotations

import asyncio
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import cache
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from fastnfurious.core.errors import ResourceNotFound, ResourceUnavailable
from fastnfurious.oidc.client import OidcClient
from fastnfurious.oidc.settings import OidcSettings
from fastnfurious.testing.clock import FrozenClock

ISSUER = "https://id.example.com/realms/shop"


@cache
def rsa(kid: str) -> RSAKey:
    """Return the RSA key of an id; the same for every test."""
    return RSAKey.generate_key(2048, {"kid": kid})


def public(key: RSAKey | ECKey, **members: Any) -> dict[str, Any]:
    """Return what an issuer publishes of a key; a member that is ``None`` is left out."""
    document = {**key.as_dict(private=False), "use": "sig", "alg": "RS256", **members}
    return {name: value for name, value in document.items() if value is not None}


def encoded(data: object) -> str:
    """Return a part of a token."""
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


class Published:
    """Answer like an issuer, from a list of keys; count the questions."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys = list(keys)
        self.key_fetches = 0
        self.down = False
        self.document: dict[str, Any] = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/certs"}

    async def get(self, url: str) -> dict[str, Any]:
        """Return the discovery document or the keys, slowly enough for others to wait."""
        await asyncio.sleep(0.001)
        if self.down:
            raise ResourceUnavailable("down")
        if url.endswith("/certs"):
            self.key_fetches += 1
            return {"keys": list(self.keys)}
        if url.endswith("/openid-configuration"):
            return self.document
        raise ResourceNotFound(url)

    async def post(self, url: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Give no tokens."""
        raise ResourceNotFound(url)

    async def aclose(self) -> None:
        """Have nothing to close."""


class Issuer:
    """Issue tokens to one client under test, at a time that stands still."""

    def __init__(self, **settings: Any) -> None:
        self.clock = FrozenClock()
        self.published = Published(public(rsa("first")))
        self.client = self.connect(**settings)

    def connect(self, **settings: Any) -> OidcClient:
        """Return another client of the same issuer."""
        given = OidcSettings(**{"issuer": ISSUER, "client_id": "shop", **settings})
        return OidcClient(given, ISSUER, self.published, clock=self.clock)

    def payload(self, **claims: Any) -> dict[str, Any]:
        """Return the claims of a good token; one that is ``None`` is left out."""
        now = int(self.clock.now().timestamp())
        good = {"iss": ISSUER, "aud": "shop", "sub": "7f3a", "exp": now + 300, "iat": now}
        return {name: value for name, value in {**good, **claims}.items() if value is not None}

    def token(self, key: Any = None, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """Return a token, good but for what is given."""
        key = key or rsa("first")
        members = {"alg": "RS256", "kid": key.kid, "typ": "JWT", **(header or {})}
        return self.signed(key, members, json.dumps(self.payload(**claims)).encode())

    def signed(self, key: Any, header: Mapping[str, Any], payload: bytes) -> str:
        """Return a token with exactly these parts."""
        members = {name: value for name, value in header.items() if value is not None}
        start = f"{encoded(members)}.{encoded(payload)}"
        algorithm = jws.JWSRegistry.algorithms[members["alg"]]
        return f"{start}.{encoded(algorithm.sign(start.encode(), key))}"


def confused(payload: Mapping[str, Any]) -> str:
    """Return a token whose shared secret is the public key, which everybody knows."""
    start = f"{encoded({'alg': 'HS256', 'kid': 'first'})}.{encoded(payload)}"
    secret = rsa("first").as_pem(private=False)
    return f"{start}.{encoded(hmac.new(secret, start.encode(), 'sha256').digest())}"
