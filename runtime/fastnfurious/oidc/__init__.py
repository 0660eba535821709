"""Users and tokens: who is calling, proved by an OpenID Connect issuer such as Keycloak.

    @app.get("/users/me")
    async def me(user: UserClaims = app.current_user) -> UserClaims:
        return user

joserfc verifies the tokens; in development an issuer in the process gives them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastnfurious.core.lazy import lazy_names

if TYPE_CHECKING:
    from fastnfurious.oidc.client import OidcClient as OidcClient
    from fastnfurious.oidc.contract import Endpoints as Endpoints
    from fastnfurious.oidc.dependencies import CurrentUser as CurrentUser
    from fastnfurious.oidc.dependencies import OptionalUser as OptionalUser
    from fastnfurious.oidc.dependencies import current_user as current_user
    from fastnfurious.oidc.dependencies import optional_user as optional_user
    from fastnfurious.oidc.dependencies import require as require
    from fastnfurious.oidc.refusal import Refusal as Refusal
    from fastnfurious.oidc.refusal import TokenRefused as TokenRefused
    from fastnfurious.oidc.service_tokens import ServiceAuth as ServiceAuth
    from fastnfurious.oidc.settings import OidcSettings as OidcSettings
    from fastnfurious.oidc.user import UserClaims as UserClaims
else:
    __getattr__, __all__ = lazy_names(
        __name__,
        {
            "CurrentUser": "fastnfurious.oidc.dependencies",
            "Endpoints": "fastnfurious.oidc.contract",
            "OidcClient": "fastnfurious.oidc.client",
            "OidcSettings": "fastnfurious.oidc.settings",
            "OptionalUser": "fastnfurious.oidc.dependencies",
            "Refusal": "fastnfurious.oidc.refusal",
            "ServiceAuth": "fastnfurious.oidc.service_tokens",
            "TokenRefused": "fastnfurious.oidc.refusal",
            "UserClaims": "fastnfurious.oidc.user",
            "current_user": "fastnfurious.oidc.dependencies",
            "optional_user": "fastnfurious.oidc.dependencies",
            "require": "fastnfurious.oidc.dependencies",
        },
    )
