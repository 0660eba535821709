"""What has been granted at the login page, until it is exchanged for a token."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_urlsafe

from fastnfurious.core.clock import Clock

__all__ = ["Grant", "Grants", "challenge_of"]

_LIFETIME = 60.0


@dataclass(frozen=True, slots=True)
class Grant:
    """Hold what a person granted to a client.

    Attributes:
        client: Id of the client.
        redirect: Where the person was sent back to.
        challenge: Hash of the secret that the client kept (PKCE).
        user: Name of the person.
        roles: Roles that were chosen.
        scopes: Scopes that were asked for.
        nonce: What the client wants to find in the identity token.
    """

    client: str
    redirect: str
    challenge: str
    user: str
    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    nonce: str | None = None


class Grants:
    """Keep grants by their codes; each code works once, for a minute.

    *Source:* RFC 7636, https://www.rfc-editor.org/rfc/rfc7636.html.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, tuple[float, Grant]] = {}

    def add(self, grant: Grant) -> str:
        """Keep a grant and return its code."""
        now = self._clock.monotonic()
        self._open = {code: kept for code, kept in self._open.items() if kept[0] > now}
        code = token_urlsafe(24)
        self._open[code] = (now + _LIFETIME, grant)
        return code

    def take(self, code: str, *, client: str, redirect: str, verifier: str) -> Grant | None:
        """Return a grant and forget it; ``None`` unless everything fits."""
        until, grant = self._open.pop(code, (0.0, None))
        if grant is None or until <= self._clock.monotonic():
            return None
        fits = hmac.compare_digest(challenge_of(verifier), grant.challenge)
        return grant if fits and (grant.client, grant.redirect) == (client, redirect) else None


def challenge_of(verifier: str) -> str:
    """Return the hash of a secret, as PKCE's method ``S256`` wants it.

    Example:
        >>> challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    digest = sha256(verifier.encode("utf-8", "replace")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
