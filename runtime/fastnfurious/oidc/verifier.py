"""Deciding whether a token is to be believed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import Key

from fastnfurious.core.clock import Clock
from fastnfurious.oidc.claims import audiences, user_of
from fastnfurious.oidc.keys import IssuerKeys
from fastnfurious.oidc.refusal import Refusal, TokenRefused
from fastnfurious.oidc.settings import OidcSettings
from fastnfurious.oidc.user import UserClaims

__all__ = ["TokenVerifier", "TrustRules"]

_KEYS_IN_THE_HEADER = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64"})
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
        self._algorithms = _Allowed(rules)

    def recall(self, token: str) -> UserClaims | None:
        """Return the user of a token that was verified a moment ago."""
        remembered = self._verified.get(_digest(token))
        if remembered is None or self._now() >= remembered[0]:
            return None
        return remembered[1]

    async def verify(self, token: str) -> UserClaims:
        """Return the user of a token.

        Raises:
            TokenRefused: The token proves nothing; the reason says why.
            ResourceUnavailable: The key is not known, and the issuer cannot be reached.
            OperationTimeout: The key is not known, and the issuer does not answer.
        """
        known = self.recall(token)
        if known is not None:
            return known
        signature = self._parse(token)
        key = await self._keys.find(_key_id(signature.headers()))
        payload = self._payload(signature, key)
        self._judge(payload)
        user = user_of(payload, self._rules.own_clients)
        self._keep(token, user)
        return user

    def forget(self) -> None:
        """Verify every token anew: the keys have changed."""
        self._verified.clear()

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _parse(self, token: str) -> jws.CompactSignature:
        if len(token) > self._rules.max_bytes:
            raise TokenRefused(Refusal.TOO_LARGE)
        try:
            signature = jws.extract_compact(token.encode("ascii"), registry=self._algorithms)
        except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
            raise TokenRefused(Refusal.MALFORMED) from None
        _judge_header(signature.headers(), self._rules.algorithms)
        return signature

    def _payload(self, signature: jws.CompactSignature, key: Key | None) -> Mapping[str, Any]:
        if key is None:
            raise TokenRefused(Refusal.KEY)
        self._check_signature(signature, key)
        try:
            payload = json.loads(signature.payload)
        except (ValueError, RecursionError):
            raise TokenRefused(Refusal.MALFORMED) from None
        if not isinstance(payload, dict):
            raise TokenRefused(Refusal.MALFORMED)
        return payload

    def _check_signature(self, signature: jws.CompactSignature, key: Key) -> None:
        bound = key.get("alg")
        if bound is not None and bound != signature.headers()["alg"]:
            raise TokenRefused(Refusal.KEY)
        try:
            fits = jws.validate_compact(signature, key, registry=self._algorithms)
        except (JoseError, ValueError, TypeError):
            raise TokenRefused(Refusal.KEY) from None
        if not fits:
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

    def _keep(self, token: str, user: UserClaims) -> None:
        if not self._remember or not self._room:
            return
        while len(self._verified) >= self._room:
            # The oldest goes: dictionaries keep the order of insertion.
            del self._verified[next(iter(self._verified))]
        until = min((user.exp or 0.0) + self._rules.leeway, self._now() + self._remember)
        self._verified[_digest(token)] = (until, user)


class _Allowed(jws.JWSRegistry):
    """Know the accepted signatures alone.

    joserfc warns of names that a later RFC made finer, such as EdDSA; issuers still use them, and
    a setting has accepted them on purpose.
    """

    max_header_length = 4096

    def __init__(self, rules: TrustRules) -> None:
        super().__init__(algorithms=rules.algorithms, strict_check_header=False)
        self.max_payload_length = rules.max_bytes

    def get_alg(self, name: str) -> Any:
        """Return a signature by its name."""
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError(f"{name!r} is not accepted")
        return self.algorithms[name]


def _judge_header(header: Mapping[str, Any], algorithms: frozenset[str]) -> None:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise TokenRefused(Refusal.ALGORITHM)
    if not _KEYS_IN_THE_HEADER.isdisjoint(header):
        raise TokenRefused(Refusal.HEADER)
    if str(header.get("typ", "JWT")).lower() not in _ACCESS_TOKEN_TYPES:
        raise TokenRefused(Refusal.KIND)


def _key_id(header: Mapping[str, Any]) -> str:
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise TokenRefused(Refusal.KEY)
    return kid


def _time(payload: Mapping[str, Any], name: str) -> float:
    value = payload.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TokenRefused(Refusal.CLAIMS)
    return float(value)


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
