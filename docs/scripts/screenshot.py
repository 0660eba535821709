"""Take the pictures of how somebody logs in on the docs' page anew: ``inv screenshot``.

It serves the example of docs/howto/oidc.md with the issuer in the process, and presses the buttons
in the Chromium of ``inv servers.up --names chromium``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from docs_page import DocsPage, browser_page
from fastnfurious import FastNFuriousAPI, FastNFuriousSettings
from fastnfurious.core.settings import Environment
from fastnfurious.schemas import UserClaims
from fastnfurious.testing import LiveServer
from servers.fleet import find

__all__ = ["main", "take"]

TARGET = Path(__file__).resolve().parents[2] / "docs" / "assets"


def main() -> None:
    """Write docs/assets/oidc-login.png and docs/assets/oidc-docs.png."""
    browser = find("chromium")
    if browser is None:
        sys.exit("There is no browser: `inv servers.up --names chromium`")
    take(browser.url, TARGET)


def take(browser: str, folder: Path) -> None:
    """Log in and try an operation, and write a picture of each.

    Args:
        browser: Address of a Chromium's DevTools.
        folder: Where to write them.
    """
    with LiveServer(_example()) as server, browser_page(browser, width=900) as page:
        docs = DocsPage(page, server.url)
        docs.authorize("alice", roles="admin", picture=folder / "oidc-login.png")
        docs.close_dialog()
        docs.execute("/users/me")
        page.locator(".live-responses-table").screenshot(path=folder / "oidc-docs.png")


def _example() -> FastNFuriousAPI:
    settings = FastNFuriousSettings(environment=Environment.TEST, service_name="demo")
    app = FastNFuriousAPI(title="Demo Keycloak Integration", settings=settings)

    @app.get("/users/me", summary="Display user profile", response_model=UserClaims)
    async def me(user: UserClaims = app.current_user) -> UserClaims:
        return user

    return app


if __name__ == "__main__":
    main()
