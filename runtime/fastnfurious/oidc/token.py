"""The parts of a signed token, as they come: nothing of it is believed here."""

from __future__ import annotations

from binascii import a2b_base64
from dataclasses import dataclass
from typing import Any

import orjson

from fastnfurious.oidc.refusal import Refusal, TokenRefused

__all__ = ["TokenHeader", "decoded", "json_object"]

# The letters of base64 for addresses become the usual ones, and the usual ones none at all.
_USUAL = bytes.maketrans(b"-_+/=", b"+/!!!")
_PADDINGS = (b"", b"", b"==", b"=")
# A last letter with further bits set would say the same in other words.
_LAST = (b"", b"", b"AQgw", b"AEIMQUYcgkosw048")


@dataclass(frozen=True, slots=True)
class TokenHeader:
    """Say how a token is signed.

    Attributes:
        algorithm: Name of the algorithm.
        kid: Id of the key.
    """

    algorithm: str
    kid: str


def decoded(part: bytes) -> bytes:
    """Return the bytes of one part.

    Raises:
        TokenRefused: It is not base64 as it has to be: for addresses, unpadded, in one way.

    Example:
        >>> decoded(b"eyJzdWIiOiI3ZjNhIn0")
        b'{"sub":"7f3a"}'

    *Source:* RFC 7515, section 2, https://www.rfc-editor.org/rfc/rfc7515.html#section-2.
    """
    over = len(part) % 4
    if over and part[-1] not in _LAST[over]:
        raise TokenRefused(Refusal.MALFORMED)
    try:
        return a2b_base64(part.translate(_USUAL) + _PADDINGS[over], strict_mode=True)
    except ValueError:
        raise TokenRefused(Refusal.MALFORMED) from None


def json_object(part: bytes) -> dict[str, Any]:
    """Return the object of one part.

    Raises:
        TokenRefused: It is none.
    """
    try:
        found = orjson.loads(decoded(part))
    except ValueError:
        raise TokenRefused(Refusal.MALFORMED) from None
    if not isinstance(found, dict):
        raise TokenRefused(Refusal.MALFORMED)
    return found
