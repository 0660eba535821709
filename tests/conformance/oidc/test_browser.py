"""The Authorize button of the docs, pressed in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from docs_page import DocsPage, browser_page
from fastnfurious.testing import LiveServer
from servers.endpoint import Endpoint
from servers.plugin import Backing
from tests.conformance.oidc.test_users import make_app

Docs = tuple[DocsPage, str | None]


@pytest.fixture
def browser(backing: Backing) -> Endpoint:
    """Return a browser."""
    found = backing("docs page", "chromium")
    assert found is not None
    return found


@pytest.fixture(params=["embedded", "keycloak"])
def docs(
    request: pytest.FixtureRequest,
    backing: Backing,
    browser: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Docs]:
    """Return the docs of a running service, and the password that its issuer asks for."""
    endpoint = backing("oidc", request.param)
    for name, value in (endpoint.settings if endpoint else {}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OIDC_DOCS_CLIENT_ID", "pages" if endpoint else "")
    with LiveServer(make_app()) as server, browser_page(browser.url) as page:
        yield DocsPage(page, server.url), "alice" if endpoint else None


@pytest.mark.slow
def test_who_authorizes_can_try_operations(docs: Docs) -> None:
    """Pressed, logged in, tried: 401 before, the user after."""
    page, password = docs
    page.authorize("alice", roles="admin", password=password)
    page.close_dialog()
    status, body = page.execute("/users/me")
    assert status == "200"
    profile = json.loads(body)
    assert profile["preferred_username"] == "alice"
    assert "admin" in profile["roles"]


@pytest.mark.slow
def test_who_does_not_is_refused(docs: Docs) -> None:
    """The page shows the problem."""
    page, _ = docs
    status, body = page.execute("/users/me")
    assert status == "401"
    assert json.loads(body)["status"] == 401
