"""From the payload of a verified token to the user: roles, scopes and the rest."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from fastnfurious.oidc.refusal import Refusal, TokenRefused
from fastnfurious.oidc.user import UserClaims

__all__ = ["audiences", "user_of"]


def user_of(payload: Mapping[str, Any], own_clients: Collection[str] = ()) -> UserClaims:
    """Return the user that a payload describes.

    Roles come from ``roles``, from Keycloak's ``realm_access`` and from its ``resource_access``.
    There a role of this service stands by its name, one of another client as ``client:role``, so
    that nobody is an administrator here for being one elsewhere.

    Args:
        payload: Claims of a token that has been verified.
        own_clients: Names under which the issuer knows this service.

    Raises:
        TokenRefused: A standard claim has the wrong type.

    Example:
        >>> access = {"shop": {"roles": ["admin"]}, "bank": {"roles": ["teller"]}}
        >>> user_of({"sub": "7f3a", "resource_access": access}, ["shop"]).roles
        ('admin', 'bank:teller')
    """
    try:
        return UserClaims.model_validate(
            {
                **payload,
                "aud": audiences(payload),
                "roles": tuple(sorted(_roles(payload, own_clients))),
                "scopes": tuple(sorted(set(_words(payload.get("scope"))))),
            }
        )
    except ValidationError:
        raise TokenRefused(Refusal.CLAIMS) from None


def audiences(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the audiences of a token: the claim is a text or a list of texts."""
    return tuple(_texts(payload.get("aud")))


def _roles(payload: Mapping[str, Any], own_clients: Collection[str]) -> set[str]:
    roles = {*_texts(payload.get("roles")), *_roles_in(payload.get("realm_access"))}
    clients = payload.get("resource_access")
    for client, access in clients.items() if isinstance(clients, dict) else ():
        found = _roles_in(access)
        roles.update(found if client in own_clients else [f"{client}:{role}" for role in found])
    return roles


def _roles_in(access: Any) -> Sequence[str]:
    return _texts(access.get("roles")) if isinstance(access, dict) else ()


def _texts(value: Any) -> Sequence[str]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list):
        return [each for each in value if isinstance(each, str)]
    return ()


def _words(value: Any) -> Sequence[str]:
    return value.split() if isinstance(value, str) else _texts(value)
