"""The user, as the verified token of a request describes them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["UserClaims"]


class UserClaims(BaseModel):
    """Describe the caller, as the verified token does.

    Claims without a field of their own are kept: ``user.model_extra["department"]``.

    Attributes:
        sub: Identifier of the user, unique and stable at the issuer.
        iss: Address of the issuer.
        aud: Services that the token is for.
        exp: When the token expires, in seconds since 1970.
        iat: When it was issued.
        azp: Client that asked for the token.
        preferred_username: Name to show; it may change, so never a key.
        roles: Roles in the realm and in this service, sorted. A role in another client is there
            as ``client:role``.
        scopes: Scopes of the token, sorted.

    Example:
        >>> user = UserClaims(sub="7f3a", preferred_username="alice", roles=("admin",))
        >>> user.has_roles("admin"), user.has_scopes("orders:write")
        (True, False)

    *Source:* OpenID Connect Core 1.0, section 5.1,
    https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    sub: str
    iss: str | None = None
    aud: tuple[str, ...] = ()
    exp: int | float | None = None
    iat: int | float | None = None
    azp: str | None = None
    name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    preferred_username: str | None = None
    email: str | None = None
    email_verified: bool | None = None
    locale: str | None = None
    zoneinfo: str | None = None
    picture: str | None = None
    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()

    def has_roles(self, *roles: str) -> bool:
        """Return whether the user has every one of these roles."""
        return set(roles) <= set(self.roles)

    def has_scopes(self, *scopes: str) -> bool:
        """Return whether the token has every one of these scopes."""
        return set(scopes) <= set(self.scopes)

    def claim(self, name: str, default: Any = None) -> Any:
        """Return any claim of the token, with a field of its own or not."""
        if name in type(self).model_fields:
            return getattr(self, name)
        return (self.model_extra or {}).get(name, default)
