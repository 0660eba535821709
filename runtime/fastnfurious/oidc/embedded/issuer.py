"""The issuer in the process: whose tokens a service accepts in development and in tests."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from fastnfurious.core.clock import Clock, SystemClock
from fastnfurious.core.identifiers import new_identifier
from fastnfurious.oidc.contract import EMBEDDED_ISSUER
from fastnfurious.oidc.embedded.key_ring import ALGORITHM, KeyRing

__all__ = ["EmbeddedIssuer"]

_LIFETIME = 3600.0


class EmbeddedIssuer:
    """Give tokens to anybody who asks.

    `OidcIntegration` makes it, and only in development and in tests.

    Args:
        client_id: The service: tokens are for it, unless said otherwise.
        client_secret: Its secret, for tokens of its own.
        folder: Where the keys are kept; ``None`` for only in memory.
        clock: Tells the time.

    Example:
        >>> issuer = EmbeddedIssuer("shop")
        >>> len(issuer.token("alice", roles=["admin"]).split("."))
        3
    """

    def __init__(
        self,
        client_id: str,
        *,
        client_secret: str = "development",
        folder: Path | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        self.clock = clock or SystemClock()
        self.keys = KeyRing(folder)

    def token(
        self,
        user: str,
        *,
        roles: Iterable[str] = (),
        scopes: Iterable[str] = ("openid", "profile"),
        lifetime: float = _LIFETIME,
        **claims: Any,
    ) -> str:
        """Return an access token in the shape of Keycloak's.

        Args:
            user: Name of the user; the subject is made from it, and always the same.
            roles: Roles in the realm.
            scopes: Scopes.
            lifetime: Seconds for which it is good.
            **claims: Further claims, or others; one that is ``None`` is left out.
        """
        now = int(self._now())
        good = {
            "iss": EMBEDDED_ISSUER,
            "aud": [self.client_id, "account"],
            "sub": str(uuid5(NAMESPACE_URL, f"{EMBEDDED_ISSUER}#{user}")),
            "typ": "Bearer",
            "azp": self.client_id,
            "iat": now,
            "exp": now + lifetime,
            "jti": new_identifier(),
            "preferred_username": user,
            "name": user.title(),
            "email": f"{user}@example.com",
            "email_verified": True,
            "realm_access": {"roles": list(roles)},
            "scope": " ".join(scopes),
        }
        return self.sign({**good, **claims})

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """Return a token with these claims; one that is ``None`` is left out."""
        key = self.keys.current
        present = {name: value for name, value in claims.items() if value is not None}
        members = {"alg": ALGORITHM, "typ": "JWT", "kid": key.kid, **header}
        registry = jws.JWSRegistry(algorithms=[ALGORITHM], strict_check_header=False)
        return jws.serialize_compact(members, json.dumps(present), key, registry=registry)

    def read(self, token: str) -> dict[str, Any] | None:
        """Return the claims of an access token of its own that has not expired."""
        keys = {key["kid"]: ECKey.import_key(key) for key in self.keys.published()}
        registry = jws.JWSRegistry(algorithms=[ALGORITHM], strict_check_header=False)
        try:
            signature = jws.extract_compact(token.encode(), registry=registry)
            key = keys[signature.headers()["kid"]]
            fits = jws.validate_compact(signature, key, registry=registry)
            claims: dict[str, Any] = json.loads(signature.payload)
            good = fits and claims["typ"] == "Bearer" and claims["exp"] > self._now()
        except (JoseError, ValueError, KeyError, TypeError):
            return None
        return claims if good else None

    def _now(self) -> float:
        return self.clock.now().timestamp()

    def rotate(self, *, keep: bool = False) -> None:
        """Sign with a new key; the old one is withdrawn unless it is to be kept."""
        self.keys.rotate(keep=keep)
