"""What an issuer gives to this service, be it a real server or the stand-in in the process."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fastnfurious.oidc.user import UserClaims

__all__ = [
    "DISCOVERY_PATH",
    "EMBEDDED_ISSUER",
    "EMBEDDED_PATH",
    "Endpoints",
    "IssuerTransport",
    "Oidc",
    "issuer_fault",
    "realm_of",
]

DISCOVERY_PATH = "/.well-known/openid-configuration"
"""Where an issuer describes itself, below its address."""

EMBEDDED_PATH = "/.embedded/oidc"
"""Where the service itself serves the issuer in the process, in development."""

EMBEDDED_ISSUER = f"http://localhost{EMBEDDED_PATH}"
"""How the issuer in the process names itself, wherever it is served."""


_REALM = re.compile(r"(?P<server>https?://.+/)realms/(?P<realm>[^/]+)/?")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Say where an issuer answers what.

    Attributes:
        issuer: The issuer, as its tokens name it.
        keys: Where its public keys are.
        authorization: Where a person logs in.
        token: Where tokens are given.

    *Source:* OpenID Connect Discovery 1.0, section 3,
    https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata.
    """

    issuer: str
    keys: str
    authorization: str | None = None
    token: str | None = None

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Endpoints:
        """Return what a discovery document says.

        Raises:
            ValueError: The document lacks the issuer or its keys.
        """
        for name in ("issuer", "jwks_uri"):
            if not isinstance(document.get(name), str):
                raise ValueError(f"it has no {name!r}")
        return cls(
            issuer=document["issuer"],
            keys=document["jwks_uri"],
            authorization=document.get("authorization_endpoint"),
            token=document.get("token_endpoint"),
        )


def issuer_fault(endpoints: Endpoints, expected: str) -> str | None:
    """Return why a discovery document is not that of the issuer; ``None`` if it is.

    Keys must not travel less safely than the document that names them.
    """
    if endpoints.issuer != expected:
        return f"it calls itself {endpoints.issuer!r}; set exactly that"
    if expected.startswith("https:") and not endpoints.keys.startswith("https:"):
        return f"it wants its keys fetched from {endpoints.keys!r}, without TLS"
    return None


def realm_of(issuer: str) -> tuple[str, str] | None:
    """Return the server and the realm of Keycloak that an address names; ``None`` if it names none.

    Example:
        >>> realm_of("https://id.example.com/auth/realms/shop")
        ('https://id.example.com/auth/', 'shop')
    """
    found = _REALM.fullmatch(issuer)
    return (found["server"], found["realm"]) if found else None


class IssuerTransport(Protocol):
    """Ask an issuer; a test counts the questions here, and makes them fail."""

    async def get(self, url: str) -> dict[str, Any]:
        """Return a JSON document.

        Raises:
            ResourceUnavailable: The issuer cannot be reached, or failed.
            OperationTimeout: It did not answer in time.
            ResourceNotFound: It has no such document.
        """
        ...

    async def post(self, url: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Send a form and return the JSON answer.

        Raises:
            ResourceUnavailable: The issuer cannot be reached, or failed.
            OperationTimeout: It did not answer in time.
            NotAuthenticated: It refused the credentials in the form.
        """
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


class Oidc(Protocol):
    """What ``app.oidc`` gives: users from tokens, and tokens for calls of this service's own."""

    async def verify(self, token: str) -> UserClaims:
        """Return the user of a token.

        Raises:
            TokenRefused: The token proves nothing; the reason says why.
            ResourceUnavailable: The issuer's keys are not known and cannot be fetched.
        """
        ...

    async def endpoints(self) -> Endpoints:
        """Return where the issuer answers what.

        Raises:
            ResourceUnavailable: The issuer cannot be reached.
        """
        ...
