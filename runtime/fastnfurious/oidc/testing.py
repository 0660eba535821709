"""Users for tests: logged in by a word, or with a real token."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastnfurious.oidc.dependencies import current_user, optional_user
from fastnfurious.oidc.integration import OidcIntegration
from fastnfurious.oidc.user import UserClaims

__all__ = ["Login"]


class Login:
    """Decide who is calling an application.

    Args:
        app: The application under test.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(
        self, user: str, *, roles: Iterable[str] = (), scopes: Iterable[str] = (), **claims: Any
    ) -> UserClaims:
        """Let every request from now on be this user's, without a token; `require` still judges.

        Args:
            user: Name of the user, and the subject.
            roles: Roles.
            scopes: Scopes.
            **claims: Further claims.
        """
        known = {"sub": user, "preferred_username": user, **claims}
        claimed = UserClaims(**known, roles=tuple(roles), scopes=tuple(scopes))
        for dependency in (current_user, optional_user):
            self._app.dependency_overrides[dependency] = lambda: claimed
        return claimed

    def out(self) -> None:
        """Let requests be nobody's again, unless they bring a token."""
        for dependency in (current_user, optional_user):
            self._app.dependency_overrides.pop(dependency, None)

    def token(self, user: str, **options: Any) -> str:
        """Return a real token of the issuer in the process; see `EmbeddedIssuer.token`."""
        integration: OidcIntegration = self._app.integrations.get("oidc")
        return integration.issuer.token(user, **options)

    def headers(self, user: str, **options: Any) -> dict[str, str]:
        """Return the header that carries such a token."""
        return {"Authorization": f"Bearer {self.token(user, **options)}"}
