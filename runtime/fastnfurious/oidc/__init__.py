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
    from fastnfurious.oidc.refusal import Refusal as Refusal
    from fastnfurious.oidc.refusal import TokenRefused as TokenRefused
    from fastnfurious.oidc.settings import OidcSettings as OidcSettings
else:
    __getattr__, __all__ = lazy_names(
        __name__,
        {
            "Endpoints": "fastnfurious.oidc.contract",
            "OidcClient": "fastnfurious.oidc.client",
            "OidcSettings": "fastnfurious.oidc.settings",
            "Refusal": "fastnfurious.oidc.refusal",
            "TokenRefused": "fastnfurious.oidc.refusal",
        },
    )
