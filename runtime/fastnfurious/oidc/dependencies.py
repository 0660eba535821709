"""What a handler asks for the user with, also in a router that cannot import the application.

The functions are stable, so ``app.dependency_overrides[current_user]`` replaces them everywhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Security
from starlette.requests import HTTPConnection

from fastnfurious.core.context import APPLICATION_KEY
from fastnfurious.core.errors import ConfigurationError, NotAllowed, NotAuthenticated
from fastnfurious.oidc.bearer import bearer_token
from fastnfurious.oidc.refusal import insufficient, missing_token
from fastnfurious.oidc.user import UserClaims

__all__ = ["OFFERED", "CurrentUser", "OptionalUser", "current_user", "optional_user", "require"]

Token = Annotated[str | None, Depends(bearer_token)]


async def current_user(connection: HTTPConnection, token: Token) -> UserClaims:
    """Return the user of the request's token.

    Raises:
        HTTPException: Status 401, with ``WWW-Authenticate``: no token, or one that proves nothing.
        ResourceUnavailable: The issuer's keys are not known and cannot be fetched.
    """
    if token is None:
        raise _answer(missing_token())
    try:
        user: UserClaims = await _client(connection).verify(token)
    except NotAuthenticated as error:
        raise _answer(error) from error
    return user


async def optional_user(connection: HTTPConnection, token: Token) -> UserClaims | None:
    """Return the user, or ``None`` for a request without a token; a bad token is still refused.

    Raises:
        HTTPException: Status 401, with ``WWW-Authenticate``: the token proves nothing.
        ResourceUnavailable: The issuer's keys are not known and cannot be fetched.
    """
    return None if token is None else await current_user(connection, token)


CurrentUser = Annotated[UserClaims, Depends(current_user)]
"""The user: ``async def handler(user: CurrentUser)``."""

OptionalUser = Annotated[UserClaims | None, Depends(optional_user)]
"""The user, if there is one: ``async def handler(user: OptionalUser)``."""


def require(*, roles: Iterable[str] | str = (), scopes: Iterable[str] | str = ()) -> Any:
    """Return a dependency that lets only users through who have all of these.

    It gives the user, so it can be a parameter's default as well as one of ``dependencies=[…]``.
    Without a token the answer is 401; a user who lacks something gets 403.

    Args:
        roles: Roles in the realm or in this service; one, or several.
        scopes: Scopes of the token; one, or several.

    Example:
        >>> require(roles="admin").dependency is require(roles=["admin"]).dependency
        True
    """
    wanted = _names(scopes)
    return Security(_gate(_names(roles), wanted), scopes=list(wanted))


OFFERED: dict[str, Any] = {
    "current_user": Depends(current_user),
    "optional_user": Depends(optional_user),
    "require": require,
}
"""What the application gives, by attribute."""


@cache
def _gate(roles: tuple[str, ...], scopes: tuple[str, ...]) -> Callable[..., Awaitable[UserClaims]]:
    """Return one function for the same demands, so that it can be overridden."""

    async def user_with(user: CurrentUser) -> UserClaims:
        lacking_roles = tuple(role for role in roles if role not in user.roles)
        lacking_scopes = tuple(scope for scope in scopes if scope not in user.scopes)
        if lacking_roles or lacking_scopes:
            raise _answer(
                insufficient(roles=lacking_roles, scopes=scopes if lacking_scopes else ())
            )
        return user

    return user_with


def _names(given: Iterable[str] | str) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(sorted(set(given)))


def _client(connection: HTTPConnection) -> Any:
    application = connection.scope.get(APPLICATION_KEY)
    if application is None:
        raise ConfigurationError("This route is not served by a FastNFuriousAPI: mount it in one")
    return application.oidc


def _answer(error: NotAuthenticated | NotAllowed) -> HTTPException:
    """Return what FastAPI answers with, also where errors are not problems."""
    return HTTPException(error.status, str(error), dict(error.headers))
