"""Deciding whether a token is to be believed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from fastnfurious.core.clock import Clock
from fastnfurious.oidc.claims import audiences, user_of
from fastnfurious.oidc.keys import IssuerKeys
from fastnfurious.oidc.refusal import Refusal, TokenRefused
from fastnfurious.oidc.settings import OidcSettings
from fastnfurious.oidc.signature import Checks
from fastnfurious.oidc.token import TokenHeader, decoded, json_object
from fastnfurious.oidc.user import UserClaims

__all__ = ["TokenVerifier", "TrustRules"]

_KEYS_IN_THE_HEADER = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64"})
_MOST_HEADERS = 32
_ACCESS_TOKEN_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})


@dataclass(frozen=True, slots=True)
class TrustRules:
    """Say which tokens are believed.

    Attributes:
        issuer: Who must have issued them.
        audiences: For whom they must be; one of these is enough.
        own_clients: Names under which the issuer knows this service.
        parties: Clients they may have been issued to; empty for all.
        algorithms: Signatures that are accepted.
        leeway: Seconds by which clocks may differ.
        max_bytes: Longest token that is looked at.
    """

    issuer: str
    audiences: frozenset[str]
    own_clients: frozenset[str]
    parties: frozenset[str]
    algorithms: frozenset[str]
    leeway: float
    max_bytes: int

    @classmethod
    def from_settings(cls, settings: OidcSettings, issuer: str) -> TrustRules:
        """Return what the settings say, for an issuer."""
        own = {settings.client_id} if settings.client_id else set()
        return cls(
            issuer=issuer,
            audiences=frozenset(settings.audiences),
            own_clients=frozenset({*own, *settings.audiences}),
            parties=frozenset(settings.authorized_parties),
            algorithms=frozenset(settings.algorithms),
            leeway=settings.leeway_seconds,
            max_bytes=settings.max_token_bytes,
        )


class TokenVerifier:
    """Turn tokens into users, and refuse those that prove nothing.

    A token that has been verified is remembered by its hash for a short time, and forgotten when
    the issuer changes its keys.

    Args:
        rules: Which tokens are believed.
        keys: The issuer's keys; its changes must be told to `forget`.
        clock: Tells the time.
        remember: Seconds for which a verified token is not verified again.
        room: Verified tokens that are remembered.

    *Source:* RFC 8725, https://www.rfc-editor.org/rfc/rfc8725.html, and RFC 9068, section 4,
    https://www.rfc-editor.org/rfc/rfc9068.html#section-4.
    """

    def __init__(
        self, rules: TrustRules, keys: IssuerKeys, *, clock: Clock, remember: float, room: int
    ) -> None:
        self._rules = rules
        self._keys = keys
        self._clock = clock
        self._remember = remember
        self._room = room
        self._verified: dict[bytes, tuple[float, UserClaims]] = {}
        self._headers: dict[bytes, TokenHeader] = {}

    def recall(self, token: str) -> UserClaims | None:
        """Return the user of a token that was verified a moment ago."""
        return self._recall(_digest(token), self._now())

    async def verify(self, token: str) -> UserClaims:
        """Return the user of a token.

        Raises:
            TokenRefused: The token proves nothing; the reason says why.
            ResourceUnavailable: The key is not known, and the issuer cannot be reached.
            OperationTimeout: The key is not known, and the issuer does not answer.
        """
        digest, now = _digest(token), self._now()
        known = self._recall(digest, now)
        if known is not None:
            return known
        message, _, signature = self._ascii(token).rpartition(b".")
        start, _, payload = message.partition(b".")
        header = self._headers.get(start) or _header(start, self._rules.algorithms)
        checks = await self._keys.find(header.kid)
        self._check_signature(checks, header, signature, message)
        claims = json_object(payload)
        self._judge(claims)
        user = user_of(claims, self._rules.own_clients)
        self._keep(digest, user)
        self._keep_header(start, header)
        return user

    def forget(self) -> None:
        """Verify every token anew: the keys have changed."""
        self._verified.clear()
        self._headers.clear()

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _recall(self, digest: bytes, now: float) -> UserClaims | None:
        remembered = self._verified.get(digest)
        return remembered[1] if remembered is not None and now < remembered[0] else None

    def _ascii(self, token: str) -> bytes:
        if len(token) > self._rules.max_bytes:
            raise TokenRefused(Refusal.TOO_LARGE)
        if not token.isascii() or token.count(".") != 2:
            raise TokenRefused(Refusal.MALFORMED)
        return token.encode("ascii")

    def _check_signature(
        self, checks: Checks | None, header: TokenHeader, signature: bytes, message: bytes
    ) -> None:
        check = None if checks is None else checks.get(header.algorithm)
        if check is None:
            raise TokenRefused(Refusal.KEY)
        if not check(decoded(signature), message):
            raise TokenRefused(Refusal.SIGNATURE)

    def _judge(self, payload: Mapping[str, Any]) -> None:
        rules = self._rules
        if payload.get("typ", "Bearer") != "Bearer":
            raise TokenRefused(Refusal.KIND)
        if payload.get("iss") != rules.issuer:
            raise TokenRefused(Refusal.ISSUER)
        if rules.audiences.isdisjoint(audiences(payload)):
            raise TokenRefused(Refusal.AUDIENCE)
        self._judge_times(payload)
        if rules.parties and payload.get("azp", payload.get("client_id")) not in rules.parties:
            raise TokenRefused(Refusal.PARTY)
        subject = payload.get("sub")
        if not isinstance(subject, str) or not subject:
            raise TokenRefused(Refusal.CLAIMS)

    def _judge_times(self, payload: Mapping[str, Any]) -> None:
        now, leeway = self._now(), self._rules.leeway
        if now >= _time(payload, "exp") + leeway:
            raise TokenRefused(Refusal.EXPIRED)
        for name in ("nbf", "iat"):
            if name in payload and now < _time(payload, name) - leeway:
                raise TokenRefused(Refusal.NOT_YET_VALID)

    def _keep(self, digest: bytes, user: UserClaims) -> None:
        if not self._remember or not self._room:
            return
        while len(self._verified) >= self._room:
            # The oldest goes: dictionaries keep the order of insertion.
            del self._verified[next(iter(self._verified))]
        until = min((user.exp or 0.0) + self._rules.leeway, self._now() + self._remember)
        self._verified[digest] = (until, user)

    def _keep_header(self, start: bytes, header: TokenHeader) -> None:
        """Remember the header of a good token: those of one key are alike, letter by letter."""
        if len(self._headers) < _MOST_HEADERS:
            self._headers[start] = header


def _header(start: bytes, algorithms: frozenset[str]) -> TokenHeader:
    """Return what a header says, if nothing in it is suspicious."""
    header = json_object(start)
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise TokenRefused(Refusal.ALGORITHM)
    if not _KEYS_IN_THE_HEADER.isdisjoint(header):
        raise TokenRefused(Refusal.HEADER)
    if str(header.get("typ", "JWT")).lower() not in _ACCESS_TOKEN_TYPES:
        raise TokenRefused(Refusal.KIND)
    if not isinstance(kid, str):
        raise TokenRefused(Refusal.KEY)
    return TokenHeader(algorithm, kid)


def _time(payload: Mapping[str, Any], name: str) -> float:
    value = payload.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TokenRefused(Refusal.CLAIMS)
    return float(value)


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
