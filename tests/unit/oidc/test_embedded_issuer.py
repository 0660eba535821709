"""The issuer in the process, as a browser and Swagger's page meet it."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from fastnfurious import FastNFuriousAPI, FastNFuriousSettings
from fastnfurious.core.settings import Environment
from fastnfurious.oidc.embedded.grants import Grant, Grants, challenge_of
from fastnfurious.oidc.embedded.key_ring import KeyRing
from fastnfurious.oidc.integration import OidcIntegration
from fastnfurious.oidc.refusal import TokenRefused
from fastnfurious.oidc.settings import OidcSettings
from fastnfurious.oidc.testing import Login
from fastnfurious.testing.clock import FrozenClock
from tests.unit.oidc.conftest import make_app

HERE = "/.embedded/oidc"
VERIFIER = "v" * 43
ASKED = {
    "response_type": "code",
    "client_id": "shop",
    "redirect_uri": "http://testserver/docs/oauth2-redirect",
    "scope": "openid profile",
    "state": "a&b",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}


@pytest.fixture
def browser(app: FastNFuriousAPI) -> Iterator[TestClient]:
    """Return a client that shows where it is sent."""
    with TestClient(app, follow_redirects=False) as client:
        yield client


def log_in(browser: TestClient, **asked: Any) -> dict[str, str]:
    """Log in at the page and return what the client is told."""
    page = browser.get(f"{HERE}/authorize", params={**ASKED, **asked})
    hidden = dict(re.findall(r'type="hidden" name="(.*?)" value="(.*?)"', page.text))
    form = {name: value.replace("&amp;", "&") for name, value in hidden.items()}
    sent = browser.post(f"{HERE}/authorize", data={**form, "user": "alice", "roles": "admin"})
    assert sent.status_code == 303
    assert sent.headers["Location"].startswith(ASKED["redirect_uri"] + "?")
    query = parse_qs(urlsplit(sent.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}


def exchange(browser: TestClient, code: str, **form: str) -> Any:
    """Ask for the token of a code."""
    good = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": "shop",
        "redirect_uri": ASKED["redirect_uri"],
        "code_verifier": VERIFIER,
    }
    return browser.post(f"{HERE}/token", data={**good, **form})


class TestLogin:
    """Authorisation code with PKCE."""

    def test_who_logs_in_gets_a_token_that_the_service_accepts(self, browser: TestClient) -> None:
        """The whole way that Swagger's Authorize button goes."""
        told = log_in(browser, nonce="n-1")
        assert told["state"] == "a&b"
        answer = exchange(browser, told["code"])
        assert answer.headers["Cache-Control"] == "no-store"
        tokens = answer.json()
        header = {"Authorization": f"Bearer {tokens['access_token']}"}
        me = browser.get("/users/me", headers=header).json()
        assert (me["preferred_username"], me["roles"]) == ("alice", ["admin"])
        as_access = {"Authorization": f"Bearer {tokens['id_token']}"}
        refused = browser.get("/users/me", headers=as_access)
        assert refused.json()["detail"] == "The token is not an access token"

    def test_a_code_works_once(self, browser: TestClient) -> None:
        """Who sees it later gains nothing."""
        code = log_in(browser)["code"]
        assert exchange(browser, code).status_code == 200
        assert exchange(browser, code).json()["error"] == "invalid_grant"

    @pytest.mark.parametrize(
        "form",
        [
            {"code_verifier": "w" * 43},
            {"client_id": "other"},
            {"redirect_uri": "http://testserver/other"},
            {"code": "x"},
        ],
        ids=str,
    )
    def test_a_code_is_for_who_asked_for_it(
        self, browser: TestClient, form: dict[str, str]
    ) -> None:
        """The secret, the client and the address are all compared."""
        code = log_in(browser)["code"]
        assert exchange(browser, **{"code": code, **form}).json()["error"] == "invalid_grant"

    @pytest.mark.parametrize(
        "asked",
        [
            {"redirect_uri": "https://evil.example.com/"},
            {"redirect_uri": "javascript:alert(1)"},
            {"redirect_uri": ""},
            {"response_type": "token"},
            {"client_id": ""},
            {"code_challenge": ""},
            {"code_challenge_method": "plain"},
        ],
        ids=str,
    )
    def test_a_wrong_question_gets_no_page(
        self, browser: TestClient, asked: dict[str, str]
    ) -> None:
        """Nobody is sent to another machine, and PKCE cannot be left out."""
        for answer in (
            browser.get(f"{HERE}/authorize", params={**ASKED, **asked}),
            browser.post(f"{HERE}/authorize", data={**ASKED, "user": "alice", **asked}),
        ):
            assert answer.status_code == 400

    def test_the_page_shows_nothing_that_could_run(self, browser: TestClient) -> None:
        """What the client sends is text."""
        asked = {**ASKED, "client_id": "<script>", "state": '"><script>'}
        page = browser.get(f"{HERE}/authorize", params=asked).text
        assert "<script>" not in page

    def test_codes_do_not_last(self) -> None:
        """A minute is enough."""
        clock = FrozenClock()
        grants = Grants(clock)
        grant = Grant(client="c", redirect="r", challenge=challenge_of("v"), user="alice")
        code = grants.add(grant)
        clock.advance(61)
        assert grants.take(code, client="c", redirect="r", verifier="v") is None


class TestOwnTokens:
    """Client credentials."""

    @pytest.mark.parametrize("how", ["form", "basic"])
    def test_the_service_gets_tokens_of_its_own(self, browser: TestClient, how: str) -> None:
        """With its id and secret, either way."""
        named = {"client_id": "shop", "client_secret": "development"}
        form = {"grant_type": "client_credentials", "scope": "orders"}
        answer = (
            browser.post(f"{HERE}/token", data={**form, **named})
            if how == "form"
            else browser.post(f"{HERE}/token", data=form, auth=("shop", "development"))
        )
        header = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        me = browser.get("/users/me", headers=header).json()
        assert me["preferred_username"] == "service-account-shop"
        assert me["scopes"] == ["orders"]

    @pytest.mark.parametrize("secret", ["", "wrong", "development\x00"])
    def test_a_wrong_secret_is_refused(self, browser: TestClient, secret: str) -> None:
        """As a real issuer does it."""
        form = {"grant_type": "client_credentials", "client_id": "shop", "client_secret": secret}
        answer = browser.post(f"{HERE}/token", data=form)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")

    @pytest.mark.parametrize("header", ["Basic !", "Basic /w==", "Bearer x"])
    def test_rubbish_is_refused(self, browser: TestClient, header: str) -> None:
        """Without falling over."""
        answer = browser.post(
            f"{HERE}/token",
            content=b"grant_type=client_credentials&\xff",
            headers={"Authorization": header},
        )
        assert answer.status_code == 401

    def test_another_grant_is_refused(self, browser: TestClient) -> None:
        """The answer names those that there are."""
        answer = browser.post(f"{HERE}/token", data={"grant_type": "password"})
        assert answer.json()["error"] == "unsupported_grant_type"


class TestDocs:
    """Swagger's page."""

    def test_the_document_says_how_to_log_in(self, browser: TestClient) -> None:
        """The Authorize button needs the two addresses; operations name their scopes."""
        document = browser.get("/openapi.json").json()
        flow = document["components"]["securitySchemes"]["oidc"]["flows"]["authorizationCode"]
        assert flow["authorizationUrl"] == f"{HERE}/authorize"
        assert flow["tokenUrl"] == f"{HERE}/token"
        assert document["paths"]["/users/me"]["get"]["security"] == [{"oidc": []}]
        assert document["paths"]["/orders"]["get"]["security"] == [{"oidc": ["orders"]}]

    def test_the_page_asks_with_pkce_for_this_service(self, browser: TestClient) -> None:
        """At its first visit."""
        page = browser.get("/docs").text
        assert '"usePkceWithAuthorizationCodeGrant": true' in page
        assert '"clientId": "shop"' in page

    def test_a_real_issuer_is_named_before_it_has_been_asked(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The page finds the rest by itself."""
        monkeypatch.setenv("OIDC_ISSUER", "https://id.example.com/realms/shop")
        monkeypatch.setenv("OIDC_CLIENT_ID", "shop")
        app = make_app(Environment.PRODUCTION)

        @app.get("/users/me")
        async def me(user: Any = app.current_user) -> None: ...

        scheme = app.openapi()["components"]["securitySchemes"]["oidc"]
        assert scheme["openIdConnectUrl"].endswith("/realms/shop/.well-known/openid-configuration")

    def test_options_of_the_application_win(self) -> None:
        """Who says how the button works is obeyed."""
        app = make_app(swagger_ui_init_oauth={"clientId": "mine"})

        @app.get("/users/me")
        async def me(user: Any = app.current_user) -> None: ...

        with TestClient(app) as client:
            assert '"clientId": "mine"' in client.get("/docs").text

    def test_an_application_without_users_has_no_button(self) -> None:
        """Nor is anything loaded for it."""
        app = make_app()
        with TestClient(app) as client:
            assert "initOAuth" not in client.get("/docs").text
            assert "components" not in client.get("/openapi.json").json()
        assert app.integrations.is_untouched


class TestServing:
    """Where the pages are."""

    def test_the_description_fits_where_it_was_found(self, browser: TestClient) -> None:
        """The issuer's name stays; the addresses are the browser's."""
        document = browser.get(f"{HERE}/.well-known/openid-configuration").json()
        assert document["issuer"] == "http://localhost/.embedded/oidc"
        assert document["token_endpoint"] == "http://testserver/.embedded/oidc/token"
        keys = browser.get(f"{HERE}/certs").json()["keys"]
        assert [key["kty"] for key in keys] == ["EC"] and "d" not in keys[0]

    @pytest.mark.parametrize("path", ["/.embedded", "/.embedded/", "/.embedded/none", f"{HERE}/x"])
    def test_nothing_else_is_there(self, browser: TestClient, path: str) -> None:
        """Other names are not found."""
        assert browser.get(path).status_code in (404, 307)

    def test_a_real_issuer_leaves_no_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also in development."""
        monkeypatch.setenv("OIDC_ISSUER", "https://id.invalid")
        monkeypatch.setenv("OIDC_CLIENT_ID", "shop")
        app = make_app()
        client = TestClient(app)
        assert client.get(f"{HERE}/authorize", params=ASKED).status_code == 404

    def test_in_a_mounted_application_users_are_the_same(self, login: Login, app: FastAPI) -> None:
        """The outer application verifies for it."""
        outer = make_app()
        outer.mount("/inner", app)
        with TestClient(outer) as client:
            headers = Login(outer).headers("alice")
            assert client.get("/inner/users/me", headers=headers).status_code == 200


class TestKeys:
    """Signing keys."""

    async def test_after_a_rotation_old_tokens_are_refused(self) -> None:
        """Unless the old key is kept."""
        settings = FastNFuriousSettings(environment=Environment.TEST)
        integration = OidcIntegration(OidcSettings(), settings)
        await integration.open()
        old = integration.issuer.token("alice")
        integration.issuer.rotate(keep=True)
        await integration.resource.refresh()
        assert (await integration.resource.verify(old)).preferred_username == "alice"
        integration.issuer.rotate()
        await integration.resource.refresh()
        with pytest.raises(TokenRefused, match="does not publish"):
            await integration.resource.verify(old)
        assert (await integration.resource.verify(integration.issuer.token("bob"))).sub
        await integration.aclose()
        await integration.aclose()

    def test_keys_in_a_folder_are_shared_and_private(self, tmp_path: Path) -> None:
        """Workers and the command sign alike; nobody else reads the file."""
        first, second = KeyRing(tmp_path / "keys"), KeyRing(tmp_path / "keys")
        assert first.current.kid == second.current.kid
        first.rotate(keep=True)
        assert [key["kid"] for key in second.published()][0] == first.current.kid
        assert len(second.published()) == 2
        [file] = (tmp_path / "keys").iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    def test_of_two_first_keys_one_wins(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Workers that start at the same time end with the same key."""
        rings = [KeyRing(tmp_path), KeyRing(tmp_path)]
        read, other = rings[0]._read, rings[1]

        def late() -> list[dict[str, Any]]:
            monkeypatch.undo()
            found = read()
            assert other.current.kid
            return found

        monkeypatch.setattr(rings[0], "_read", late)
        assert rings[0].current.kid == other.current.kid
