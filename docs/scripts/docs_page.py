"""The docs' page of a service in a real browser: log in, and try an operation.

Tests use it to prove that the Authorize button works, and `inv screenshot` to show it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page, Route, expect, sync_playwright

__all__ = ["DocsPage", "browser_page"]

_LOCAL = ("127.0.0.1", "localhost")


@contextmanager
def browser_page(browser: str, *, width: int = 1000, height: int = 720) -> Iterator[Page]:
    """Open a page that shares nothing with others, and reaches this machine alone.

    Args:
        browser: Address of a Chromium's DevTools.
        width: Width of the page.
        height: Height of the page.
    """
    with sync_playwright() as playwright:
        chromium = playwright.chromium.connect_over_cdp(browser)
        context = chromium.new_context(viewport={"width": width, "height": height})
        context.set_default_timeout(30_000)
        context.route("**/*", _stay_here)
        try:
            yield context.new_page()
        finally:
            context.close()


def _stay_here(route: Route) -> None:
    address = route.request.url
    if address.startswith("data:") or address.split("/")[2].rpartition(":")[0] in _LOCAL:
        route.continue_()
    else:
        route.abort()


class DocsPage:
    """Do what a person does on the docs' page of a service.

    Args:
        page: An empty page.
        service: Address of the service.
    """

    def __init__(self, page: Page, service: str) -> None:
        self.page = page
        page.goto(f"{service}/docs")

    def authorize(
        self,
        user: str,
        *,
        roles: str = "",
        password: str | None = None,
        picture: Path | None = None,
    ) -> None:
        """Press Authorize, log in on the issuer's page, and come back.

        Args:
            user: Name of the user.
            roles: What to write into the development issuer's field.
            password: For an issuer that asks for one: Keycloak.
            picture: Where to write a picture of the development issuer's page.
        """
        self.page.get_by_role("button", name="Authorize").click()
        with self.page.expect_popup() as opened:
            self.dialog.get_by_role("button", name="Apply given OAuth2 credentials").click()
        popup = opened.value
        if password is None:
            popup.get_by_label("User").fill(user)
            popup.get_by_label("Roles").fill(roles)
            if picture is not None:
                popup.set_viewport_size({"width": 500, "height": 500})
                popup.screenshot(path=picture)
            popup.get_by_role("button", name="Log in").click()
        else:
            popup.locator("#username").fill(user)
            popup.locator("#password").fill(password)
            popup.locator("#kc-login").click()
        expect(self.dialog.get_by_role("button", name="Remove authorization")).to_be_visible()

    def close_dialog(self) -> None:
        """Leave the dialog."""
        self.dialog.locator("button.btn-done").click()

    def execute(self, operation: str) -> tuple[str, str]:
        """Try an operation out, and return the status and the body of its answer.

        Args:
            operation: A part of its line, such as ``/users/me``.
        """
        block = self.page.locator(".opblock", has_text=operation)
        block.locator(".opblock-summary-control").click()
        block.get_by_role("button", name="Try it out").click()
        block.get_by_role("button", name="Execute").click()
        answer = block.locator(".live-responses-table tr.response")
        status = answer.locator(".response-col_status").inner_text()
        return status.split()[0], answer.locator("code").first.inner_text()

    @property
    def dialog(self) -> Locator:
        """Return the dialog that Authorize opens."""
        return self.page.locator(".dialog-ux")
