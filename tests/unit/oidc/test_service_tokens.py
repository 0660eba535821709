"""Tokens of the service's own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from fastnfurious.core.errors import (
    ConfigurationError,
    NotAuthenticated,
    ResourceUnavailable,
    SettingsError,
)
from fastnfurious.core.settings import Environment, FastNFuriousSettings
from fastnfurious.oidc.integration import OidcIntegration
from fastnfurious.oidc.service_tokens import ServiceAuth, ServiceTokens
from fastnfurious.oidc.settings import OidcSettings
from fastnfurious.testing.clock import FrozenClock
from tests.unit.oidc.issuing import Issuer


class Desk:
    """Give tokens that count up."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.forms: list[Mapping[str, str]] = []
        self.error: Exception | None = None
        self.answer: dict[str, Any] = {"expires_in": 100}
        self.tokens = ServiceTokens(self.ask, clock=self.clock)

    async def ask(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer a form."""
        await asyncio.sleep(0)
        self.forms.append(form)
        if self.error is not None:
            raise self.error
        return {"access_token": f"t{len(self.forms)}", **self.answer}


class TestServiceTokens:
    """When the issuer is asked."""

    async def test_a_token_is_kept_and_renewed_before_its_end(self) -> None:
        """A request never leaves with one that is about to expire."""
        desk = Desk()
        assert [await desk.tokens.get(), await desk.tokens.get()] == ["t1", "t1"]
        desk.clock.advance(79)
        assert await desk.tokens.get() == "t1"
        desk.clock.advance(1)
        assert await desk.tokens.get() == "t2"

    async def test_all_who_wait_share_one_question(self) -> None:
        """For each set of scopes there is one."""
        desk = Desk()
        waiting = [desk.tokens.get(scopes) for scopes in [("a", "b"), ("b", "a")] * 50]
        assert set(await asyncio.gather(*waiting)) == {"t1"}
        assert desk.forms == [{"grant_type": "client_credentials", "scope": "a b"}]
        assert await desk.tokens.get(("c",)) == "t2"

    async def test_a_wrong_secret_is_not_the_caller_s_fault(self) -> None:
        """It names the settings, and does not become a 401."""
        desk = Desk()
        desk.error = NotAuthenticated("The issuer refused: bad secret")
        with pytest.raises(ConfigurationError, match="bad secret; correct OIDC_CLIENT_ID"):
            await desk.tokens.get()
        desk.error = None
        assert await desk.tokens.get() == "t2"

    async def test_an_answer_without_a_token_is_an_outage(self) -> None:
        """Whatever else it says."""
        desk = Desk()
        desk.answer = {"access_token": None}
        with pytest.raises(ResourceUnavailable, match="no access_token"):
            await desk.tokens.get()

    async def test_one_who_gives_up_does_not_stop_the_others(self) -> None:
        """The question goes on."""
        desk = Desk()
        first = asyncio.create_task(desk.tokens.get())
        second = asyncio.create_task(desk.tokens.get())
        await asyncio.sleep(0)
        first.cancel()
        assert await second == "t1"


class TestServiceAuth:
    """Calls to other services."""

    async def test_requests_carry_the_token_and_a_refused_one_is_renewed_once(self) -> None:
        """Nobody loops."""
        desk = Desk()
        seen: list[str] = []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(request.headers["Authorization"])
            return httpx.Response(401 if seen[-1] != "Bearer t2" else 200)

        transport = httpx.MockTransport(answer)
        auth = ServiceAuth(desk.tokens)
        async with httpx.AsyncClient(transport=transport, auth=auth) as client:
            assert (await client.get("https://other")).status_code == 200
            assert (await client.get("https://other")).status_code == 200
        assert seen == ["Bearer t1", "Bearer t2", "Bearer t2"]

    def test_a_client_that_would_block_is_refused(self) -> None:
        """The message says which one to take."""
        with httpx.Client(auth=ServiceAuth(Desk().tokens)) as client:
            with pytest.raises(ConfigurationError, match="AsyncClient"):
                client.get("https://other")


class TestClient:
    """The service as a client of its issuer."""

    async def test_the_issuer_in_the_process_gives_tokens(self) -> None:
        """Without any setting."""
        service = FastNFuriousSettings(environment=Environment.TEST, service_name="shop")
        integration = OidcIntegration(OidcSettings(), service)
        client = integration.resource
        user = await client.verify(await client.service_token("orders"))
        assert (user.preferred_username, user.scopes) == ("service-account-shop", ("orders",))
        await integration.aclose()

    @pytest.mark.parametrize("given", [{}, {"client_id": "shop"}])
    async def test_what_is_missing_is_named(self, given: dict[str, str]) -> None:
        """Before anything is sent."""
        issuer = Issuer(**{"audience": ("shop",), "client_id": None, **given})
        with pytest.raises(SettingsError, match="OIDC_CLIENT_SECRET is not set"):
            await issuer.client.service_token()

    async def test_an_issuer_may_give_no_tokens(self) -> None:
        """Its description has no place for it."""
        issuer = Issuer(client_secret="x")
        with pytest.raises(ResourceUnavailable, match="gives no tokens"):
            await issuer.client.service_token()
