"""Why a token is refused: the reasons, and what the caller is told."""

from __future__ import annotations

from enum import StrEnum

from fastnfurious.core.errors import NotAllowed, NotAuthenticated

__all__ = ["Refusal", "TokenRefused", "insufficient", "missing_token"]


class Refusal(StrEnum):
    """Name what is wrong with a token; the value is what the caller is told."""

    MALFORMED = "The token is not a signed JSON Web Token"
    TOO_LARGE = "The token is too long"
    ALGORITHM = "The token is signed in a way that is not accepted"
    HEADER = "The token's header brings a key or demands an extension, which is not accepted"
    KEY = "The token is signed with a key that the issuer does not publish for this"
    SIGNATURE = "The signature of the token is wrong"
    KIND = "The token is not an access token"
    CLAIMS = "The token lacks a claim, or has one of the wrong type"
    ISSUER = "The token is from another issuer"
    AUDIENCE = "The token is for another service"
    EXPIRED = "The token has expired"
    NOT_YET_VALID = "The token is not valid yet"
    PARTY = "The token was issued to a client that is not accepted"


class TokenRefused(NotAuthenticated):
    """Say why a token was refused; a request gets a 401 problem with ``WWW-Authenticate``.

    Attributes:
        reason: What is wrong; never a part of the token itself.

    Example:
        >>> TokenRefused(Refusal.EXPIRED).headers["WWW-Authenticate"]
        'Bearer error="invalid_token", error_description="The token has expired"'

    *Source:* RFC 6750, section 3, https://www.rfc-editor.org/rfc/rfc6750.html#section-3.
    """

    def __init__(self, reason: Refusal) -> None:
        self.reason = reason
        challenge = f'Bearer error="invalid_token", error_description="{reason.value}"'
        super().__init__(reason.value, {"WWW-Authenticate": challenge})

    def __reduce__(self) -> tuple[type[TokenRefused], tuple[Refusal]]:
        """Survive the way between processes with the reason."""
        return type(self), (self.reason,)


def missing_token() -> NotAuthenticated:
    """Return the error for a request without a token: it is told what is needed, and no more."""
    return NotAuthenticated("A bearer token is needed", {"WWW-Authenticate": "Bearer"})


def insufficient(*, roles: tuple[str, ...] = (), scopes: tuple[str, ...] = ()) -> NotAllowed:
    """Return the error for a user who lacks roles or scopes.

    Example:
        >>> insufficient(scopes=("orders:write",)).headers["WWW-Authenticate"]
        'Bearer error="insufficient_scope", scope="orders:write"'
    """
    lacking = [f"the role {name!r}" for name in roles] + [f"the scope {name!r}" for name in scopes]
    challenge = 'Bearer error="insufficient_scope"'
    if scopes:
        challenge += f', scope="{" ".join(scopes)}"'
    return NotAllowed(f"This needs {' and '.join(lacking)}", {"WWW-Authenticate": challenge})
