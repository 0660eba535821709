"""Issuers under test: the one in the process and real ones, asked for tokens in the same words."""

from __future__ import annotations

import asyncio
import hmac
import json
from abc import ABC, abstractmethod
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc.jwk import ECKey, RSAKey

from fastnfurious.core.errors import ResourceUnavailable
from fastnfurious.core.settings import Environment, FastNFuriousSettings
from fastnfurious.oidc.client import OidcClient
from fastnfurious.oidc.contract import EMBEDDED_PATH, IssuerTransport
from fastnfurious.oidc.integration import OidcIntegration
from fastnfurious.oidc.settings import OidcSettings
from fastnfurious.oidc.transport import HttpTransport


def encoded(data: object) -> str:
    """Return a part of a token."""
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(part: str) -> dict[str, Any]:
    """Return what a part of a token says."""
    found: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=="))
    return found


class Watched:
    """Ask an issuer, count the questions, and withhold answers."""

    def __init__(self, inner: IssuerTransport) -> None:
        self.inner = inner
        self.fetches = 0
        self.down = False
        self.withdrawn: set[str] = set()

    async def get(self, url: str) -> dict[str, Any]:
        """Return a document, without the keys that are withdrawn."""
        if self.down:
            raise ResourceUnavailable("down")
        document = await self.inner.get(url)
        if "keys" not in document:
            return document
        self.fetches += 1
        return {"keys": [key for key in document["keys"] if key["kid"] not in self.withdrawn]}

    async def post(self, url: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Send a form."""
        return await self.inner.post(url, form)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.inner.aclose()


class Shifted:
    """Tell a time that is a while off."""

    def __init__(self) -> None:
        self.by = 0.0

    def now(self) -> datetime:
        """Return the time of day."""
        return datetime.now(UTC) + timedelta(seconds=self.by)

    def monotonic(self) -> float:
        """Return seconds from an arbitrary point."""
        return asyncio.get_running_loop().time() + self.by


class TestedIssuer(ABC):
    """Give tokens of one issuer, and clients that verify them."""

    __test__ = False

    def __init__(self, settings: Mapping[str, str]) -> None:
        service = FastNFuriousSettings(environment=Environment.TEST, service_name="service")
        given = {name.removeprefix("OIDC_").lower(): value for name, value in settings.items()}
        self.settings = OidcSettings.load(**given)
        self.integration = OidcIntegration(self.settings, service)
        self.clock = Shifted()
        self.transport = Watched(self.connect())
        self._clients: list[OidcClient] = []

    @abstractmethod
    def connect(self) -> IssuerTransport:
        """Return what reaches the issuer."""

    @abstractmethod
    async def token(self, user: str = "alice", scope: str = "openid") -> str:
        """Return an access token for this service."""

    @abstractmethod
    async def other_tokens(self) -> dict[str, str]:
        """Return real tokens that are no access tokens for this service, by what they are."""

    @property
    def issuer(self) -> str:
        """Return the name of the issuer."""
        return self.integration.resource.issuer

    def client(self, *, issuer: str | None = None, **changes: Any) -> OidcClient:
        """Return a client whose transport is watched and whose clock can be moved."""
        allowed = {"algorithms": self.algorithms, "client_id": "service", **changes}
        settings = self.integration.settings.model_copy(update=allowed)
        client = OidcClient(settings, issuer or self.issuer, self.transport, clock=self.clock)
        self._clients.append(client)
        return client

    @property
    def algorithms(self) -> tuple[str, ...]:
        """Return the signatures that the issuer uses."""
        return ("RS256", "ES256")

    async def published(self) -> list[dict[str, Any]]:
        """Return the key set."""
        endpoints = await self.client().endpoints()
        keys: list[dict[str, Any]] = (await self.transport.inner.get(endpoints.keys))["keys"]
        return keys

    async def aclose(self) -> None:
        """Close the connections."""
        for client in self._clients:
            await client.aclose()
        await self.transport.aclose()
        await self.integration.aclose()


class EmbeddedUnderTest(TestedIssuer):
    """The issuer in the process."""

    def connect(self) -> IssuerTransport:
        """Return what calls it."""
        return HttpTransport(timeout=5, app=self.integration.pages, path=EMBEDDED_PATH)

    async def token(self, user: str = "alice", scope: str = "openid") -> str:
        """Return a token with the roles that the realm of the real servers gives."""
        roles = {"alice": ["admin", "reader"]}.get(user, ["reader"])
        own = {"service": {"roles": ["operator"]}} if user == "alice" else None
        return self.integration.issuer.token(
            user, roles=roles, scopes=scope.split(), resource_access=own
        )

    async def other_tokens(self) -> dict[str, str]:
        """Return what the login page also gives, and a token for nobody in particular."""
        issuer = self.integration.issuer
        return {
            "identity token": issuer.token("alice", aud="service", typ="ID"),
            "token for account": issuer.token("alice", aud="account", azp="stranger"),
        }


class RealUnderTest(TestedIssuer):
    """A server with the realm of ``servers/``."""

    def connect(self) -> IssuerTransport:
        """Return what calls it over the network."""
        return HttpTransport(timeout=10)

    async def token(self, user: str = "alice", scope: str = "openid") -> str:
        """Return a token for a user's password."""
        answer = await self._ask(grant_type="password", username=user, password=user, scope=scope)
        return str(answer["access_token"])

    async def other_tokens(self) -> dict[str, str]:
        """Return what comes with an access token, and a token of a stranger."""
        form = {"grant_type": "password", "username": "alice", "password": "alice"}
        answer = await self._ask(**form, scope="openid")
        stranger = await self._ask(
            grant_type="client_credentials", client_id="stranger", client_secret="stranger-secret"
        )
        return {
            "identity token": answer["id_token"],
            "refresh token": answer["refresh_token"],
            "token for account": stranger["access_token"],
        }

    async def _ask(self, **form: str) -> dict[str, Any]:
        endpoints = await self.client().endpoints()
        named = {"client_id": "service", "client_secret": "service-secret", **form}
        return await self.transport.inner.post(str(endpoints.token), named)


def forgeries(token: str, keys: list[dict[str, Any]]) -> dict[str, str]:
    """Return tokens made from a good one by somebody who has only the public keys."""
    start, payload, signature = token.split(".")
    header, claims = decoded(start), decoded(payload)
    own = RSAKey.generate_key(2048, {"kid": "mine"})
    admin = encoded({**claims, "realm_access": {"roles": ["root"]}})

    def altered(**members: Any) -> str:
        return encoded({**header, **members})

    def signed(begin: str, body: str = payload) -> str:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        message = f"{begin}.{body}"
        assert own.private_key is not None
        made = own.private_key.sign(message.encode(), PKCS1v15(), hashes.SHA256())
        return f"{message}.{encoded(made)}"

    def keyed(secret: bytes) -> str:
        message = f"{altered(alg='HS256')}.{payload}"
        return f"{message}.{encoded(hmac.new(secret, message.encode(), 'sha256').digest())}"

    public = own.as_dict(private=False)
    mine = next(key for key in keys if key["kid"] == header["kid"])
    kind = ECKey if mine["kty"] == "EC" else RSAKey
    found = {
        "unsigned": f"{altered(alg='none')}.{payload}.",
        "unsigned with a signature": f"{altered(alg='nOnE')}.{payload}.{signature}",
        "without its signature": f"{start}.{payload}.",
        "changed": f"{start}.{admin}.{signature}",
        "signed by another": signed(altered(alg="RS256")),
        "signed by another, under its own id": signed(altered(alg="RS256", kid="mine")),
        "without a key id": signed(encoded({"alg": "RS256"})),
        "with its key in the header": signed(altered(alg="RS256", jwk=public), admin),
        "with the address of its keys": signed(
            altered(alg="RS256", kid="mine", jku="https://evil.example.com/keys"), admin
        ),
        "with a critical extension": f"{altered(crit=['x'], x=1)}.{payload}.{signature}",
        "with the public key as a secret": keyed(kind.import_key(mine).as_pem(private=False)),
        "with the modulus as a secret": keyed(str(mine.get("n", mine.get("x"))).encode()),
        "under an empty secret": keyed(b""),
        "with another algorithm": f"{altered(alg='RS512')}.{payload}.{signature}",
        "oversized": f"{start}.{encoded({**claims, 'filler': 'x' * 40_000})}.{signature}",
        "cut short": token[:-6],
        "empty": "",
        "rubbish": "not a token",
    }
    for key in keys:
        if key.get("use") == "enc":
            found["under a key for encryption"] = signed(altered(alg="RS256", kid=key["kid"]))
    return found
