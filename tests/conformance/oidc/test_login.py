"""Logging in at an issuer's page: authorisation code with PKCE, as a browser does it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest

from fastnfurious.oidc.contract import EMBEDDED_PATH
from fastnfurious.oidc.embedded.grants import challenge_of
from tests.conformance.oidc.issuers import EmbeddedUnderTest, TestedIssuer

VERIFIER = "a-secret-that-the-page-keeps-to-itself-until-the-end"
BACK = "http://127.0.0.1:8000/docs/oauth2-redirect"
ASKED = {
    "response_type": "code",
    "client_id": "pages",
    "redirect_uri": BACK,
    "scope": "openid profile",
    "state": "a state",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}


@pytest.fixture
async def browser(issuer: TestedIssuer) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client that keeps cookies and follows nothing."""
    transport: httpx.AsyncBaseTransport | None = None
    if isinstance(issuer, EmbeddedUnderTest):
        app = issuer.integration.pages
        transport = httpx.ASGITransport(app, root_path=EMBEDDED_PATH)
    async with httpx.AsyncClient(transport=transport, timeout=20) as client:
        yield client


async def log_in(issuer: TestedIssuer, browser: httpx.AsyncClient) -> dict[str, str]:
    """Fill in the page, and return what comes back to the client."""
    address = str((await issuer.client().endpoints()).authorization)
    page = await browser.get(address, params=ASKED)
    assert page.status_code == 200, page.text
    action = re.search(r'<form[^>]*\saction="([^"]*)"', page.text)
    hidden = re.findall(r'<input type="hidden" name="(.*?)" value="(.*?)"', page.text)
    person = {"user": "alice", "username": "alice", "password": "alice", "roles": "admin"}
    target = urljoin(str(page.url), unescape(action[1])) if action else str(page.url)
    # They are for TLS alone, where a browser trusts this machine and httpx does not.
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in page.cookies.jar)
    form = {name: unescape(value) for name, value in hidden} | person
    sent = await browser.post(target, data=form, headers={"Cookie": cookies})
    assert sent.status_code in (302, 303), sent.text
    assert sent.headers["Location"].startswith(f"{BACK}?")
    query = parse_qs(urlsplit(sent.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}


async def exchange(
    issuer: TestedIssuer, browser: httpx.AsyncClient, code: str, verifier: str = VERIFIER
) -> httpx.Response:
    """Ask for the token of a code."""
    form = {"grant_type": "authorization_code", "code": code, "client_id": "pages"}
    form |= {"redirect_uri": BACK, "code_verifier": verifier}
    address = str((await issuer.client().endpoints()).token)
    return await browser.post(address, data=form)


async def test_who_logs_in_gets_a_token_for_the_service(
    issuer: TestedIssuer, browser: httpx.AsyncClient
) -> None:
    """The service believes it; what else comes along it does not."""
    told = await log_in(issuer, browser)
    assert told["state"] == "a state"
    tokens = (await exchange(issuer, browser, told["code"])).json()
    user = await issuer.client().verify(tokens["access_token"])
    assert (user.preferred_username, user.azp) == ("alice", "pages")
    assert user.has_roles("admin")


async def test_a_code_works_once(issuer: TestedIssuer, browser: httpx.AsyncClient) -> None:
    """A code that somebody saw is of no use."""
    code = (await log_in(issuer, browser))["code"]
    assert (await exchange(issuer, browser, code)).status_code == 200
    again = await exchange(issuer, browser, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


async def test_a_code_needs_the_secret(issuer: TestedIssuer, browser: httpx.AsyncClient) -> None:
    """PKCE is not for show."""
    code = (await log_in(issuer, browser))["code"]
    refused = await exchange(issuer, browser, code, "another-secret-" * 4)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("lacking", ["code_challenge", "redirect_uri"])
async def test_a_wrong_question_leads_nowhere(
    issuer: TestedIssuer, browser: httpx.AsyncClient, lacking: str
) -> None:
    """No page is shown, and no code given."""
    address = str((await issuer.client().endpoints()).authorization)
    wrong = {**ASKED, lacking: "https://evil.example.com/" if lacking == "redirect_uri" else ""}
    answer = await browser.get(address, params=wrong)
    assert "evil.example.com" not in answer.headers.get("Location", "")
    assert "code=" not in answer.headers.get("Location", "")
    assert "<form" not in answer.text
