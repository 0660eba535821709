"""The contract of issuers: whose tokens are believed, and which are not."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr

from fastnfurious.core.errors import ConfigurationError, NotAuthenticated, ResourceUnavailable
from fastnfurious.oidc.contract import Oidc
from fastnfurious.oidc.refusal import Refusal, TokenRefused
from tests.conformance.oidc.issuers import TestedIssuer, decoded, encoded, forgeries


class TestBelieved:
    """Tokens that are good."""

    async def test_a_user_has_claims_roles_and_scopes(self, issuer: TestedIssuer) -> None:
        """In the same places, whoever issued the token."""
        user = await issuer.client().verify(await issuer.token(scope="openid profile address"))
        assert user.preferred_username == "alice"
        assert user.has_roles("admin", "reader")
        assert user.has_scopes("openid", "address")
        assert user.email == "alice@example.com" and user.email_verified
        assert user.iss == issuer.issuer
        assert "service" in user.aud
        assert user.azp == "service"
        assert user.has_roles("operator"), "a role in this client stands by its own name"

    async def test_users_differ(self, issuer: TestedIssuer) -> None:
        """Each has a subject that stays."""
        client = issuer.client()
        tokens = [await issuer.token(name) for name in ("alice", "bob", "alice")]
        alice, bob, again = [await client.verify(token) for token in tokens]
        assert alice.sub == again.sub != bob.sub
        assert not bob.has_roles("admin") and not bob.has_roles("operator")

    async def test_the_integration_believes_them_too(self, issuer: TestedIssuer) -> None:
        """The whole of it, as an application opens and checks it."""
        await issuer.integration.open()
        token = await issuer.token()
        user = await issuer.integration.resource.verify(token)
        assert user.preferred_username == "alice"
        assert (await issuer.integration.check()).status.value == "pass"


class TestRefused:
    """The security matrix."""

    async def test_every_forgery(self, issuer: TestedIssuer) -> None:
        """Whatever can be made of a good token and the public keys proves nothing."""
        client, good = issuer.client(), await issuer.token()
        attempts = forgeries(good, await issuer.published())
        assert len(attempts) >= 18
        believed = []
        for name, token in attempts.items():
            try:
                await client.verify(token)
            except TokenRefused:
                continue
            believed.append(name)
        assert believed == []
        assert (await client.verify(good)).preferred_username == "alice"

    async def test_other_kinds_of_tokens(self, issuer: TestedIssuer) -> None:
        """Identity and refresh tokens, and those that are for everybody."""
        client = issuer.client()
        others = await issuer.other_tokens()
        reasons = {}
        for name, token in others.items():
            with pytest.raises(TokenRefused) as caught:
                await client.verify(token)
            reasons[name] = caught.value.reason
        assert reasons["identity token"] is Refusal.KIND
        assert reasons["token for account"] is Refusal.AUDIENCE

    async def test_a_token_for_another_service(self, issuer: TestedIssuer) -> None:
        """Each service believes its own."""
        other = issuer.client(audience=("bank",))
        await assert_refused(other, await issuer.token(), Refusal.AUDIENCE)

    async def test_a_signature_that_is_not_allowed(self, issuer: TestedIssuer) -> None:
        """Though the issuer makes such."""
        strict = issuer.client(algorithms=("EdDSA",))
        await assert_refused(strict, await issuer.token(), Refusal.ALGORITHM)

    async def test_a_token_that_is_too_long(self, issuer: TestedIssuer) -> None:
        """Even if it is good."""
        strict = issuer.client(max_token_bytes=512)
        await assert_refused(strict, await issuer.token(), Refusal.TOO_LARGE)
        assert issuer.transport.fetches == 0

    async def test_a_token_of_another_client(self, issuer: TestedIssuer) -> None:
        """If only some are accepted."""
        strict = issuer.client(authorized_parties=("pages",))
        await assert_refused(strict, await issuer.token(), Refusal.PARTY)
        open_to_it = issuer.client(authorized_parties=("pages", "service"))
        assert (await open_to_it.verify(await issuer.token())).azp == "service"

    async def test_a_token_of_another_issuer(self, issuer: TestedIssuer) -> None:
        """Even if it had the same keys."""
        token = await issuer.token()
        payload = decoded(token.split(".")[1])
        assert payload["iss"] == issuer.issuer
        with pytest.raises(ResourceUnavailable, match="calls itself"):
            await issuer.client(issuer=issuer.issuer + "/").verify(token)

    async def test_before_and_after_its_time(self, issuer: TestedIssuer) -> None:
        """The leeway is small."""
        client, token = issuer.client(), await issuer.token()
        issuer.clock.by = -600
        await assert_refused(client, token, Refusal.NOT_YET_VALID)
        issuer.clock.by = 86_400
        await assert_refused(client, token, Refusal.EXPIRED)
        issuer.clock.by = 0
        assert (await client.verify(token)).sub


class TestKeys:
    """Rotation, and an issuer that is away."""

    async def test_one_fetch_for_a_thousand_requests(self, issuer: TestedIssuer) -> None:
        """Nothing is remembered here, so each is judged by the keys."""
        client, token = issuer.client(cache_seconds=0), await issuer.token()
        users = await asyncio.gather(*(client.verify(token) for _ in range(1000)))
        assert len(users) == 1000
        assert issuer.transport.fetches == 1

    async def test_one_fetch_for_a_rotation(self, issuer: TestedIssuer) -> None:
        """A key that is new is fetched once for all who wait."""
        client, token = issuer.client(cache_seconds=0), await issuer.token()
        kid = decoded(token.split(".")[0])["kid"]
        issuer.transport.withdrawn = {kid}
        await assert_refused(client, token, Refusal.KEY)
        issuer.transport.withdrawn = set()
        issuer.clock.by = 11
        await asyncio.gather(*(client.verify(token) for _ in range(1000)))
        assert issuer.transport.fetches == 2

    async def test_made_up_keys_do_not_load_the_issuer(self, issuer: TestedIssuer) -> None:
        """Between two fetches there is a pause, however many ask; good tokens go on working."""
        client, token = issuer.client(cache_seconds=0), await issuer.token()
        await client.verify(token)
        _, payload, signature = token.split(".")
        header = decoded(token.split(".")[0])
        invented = [
            f"{encoded({**header, 'kid': f'invented-{number}'})}.{payload}.{signature}"
            for number in range(200)
        ]
        issuer.clock.by = 11
        await asyncio.gather(*(assert_refused(client, each, Refusal.KEY) for each in invented))
        for each in invented:
            await assert_refused(client, each, Refusal.KEY)
        assert issuer.transport.fetches == 2
        assert (await client.verify(token)).sub

    async def test_without_keys_nobody_is_judged(self, issuer: TestedIssuer) -> None:
        """It is an outage, not the caller's fault; it ends with the next fetch."""
        client, token = issuer.client(), await issuer.token()
        issuer.transport.down = True
        with pytest.raises(ResourceUnavailable):
            await client.verify(token)
        issuer.transport.down = False
        issuer.clock.by = 1
        assert (await client.verify(token)).sub

    async def test_a_stale_key_is_refused(self, issuer: TestedIssuer) -> None:
        """Also for a token that has just been verified."""
        client, token = issuer.client(), await issuer.token()
        await client.verify(token)
        issuer.transport.withdrawn = {decoded(token.split(".")[0])["kid"]}
        await client.refresh()
        await assert_refused(client, token, Refusal.KEY)

    async def test_known_keys_outlive_an_outage(self, issuer: TestedIssuer) -> None:
        """However old they get."""
        client, token = issuer.client(cache_seconds=0, keys_seconds=0.001), await issuer.token()
        await client.verify(token)
        issuer.transport.down = True
        await asyncio.sleep(0.01)
        for _ in range(3):
            assert (await client.verify(token)).sub
            await asyncio.sleep(0.01)


async def assert_refused(client: Oidc, token: str, reason: Refusal) -> None:
    """Hold that a token is refused, for that reason."""
    with pytest.raises(TokenRefused) as caught:
        await client.verify(token)
    assert caught.value.reason is reason


class TestOwnTokens:
    """The service as a client."""

    async def test_the_service_gets_tokens_that_are_good(self, issuer: TestedIssuer) -> None:
        """With its id and secret; asked for twice, they are the same."""
        client = issuer.client()
        token = await client.service_token()
        assert await client.service_token() == token
        assert (await client.verify(token)).preferred_username == "service-account-service"

    async def test_a_wrong_secret_names_the_setting(self, issuer: TestedIssuer) -> None:
        """And does not show it."""
        client = issuer.client(client_secret=SecretStr("wrong-secret"))
        with pytest.raises(ConfigurationError, match="OIDC_CLIENT_SECRET") as caught:
            await client.service_token()
        assert "wrong-secret" not in str(caught.value)

    async def test_a_user_s_token_becomes_one_for_another_service(
        self, issuer: TestedIssuer
    ) -> None:
        """The user stays the same."""
        client, token = issuer.client(), await issuer.token()
        exchanged = await client.exchange(token, audience="service")
        before, after = await client.verify(token), await client.verify(exchanged)
        assert (before.sub, before.preferred_username) == (after.sub, after.preferred_username)
        assert after.aud == ("service",)

    async def test_a_bad_token_is_not_exchanged(self, issuer: TestedIssuer) -> None:
        """The issuer refuses it."""
        token = await issuer.token()
        for bad in (token[:-4], "rubbish", token.rpartition(".")[0] + "."):
            with pytest.raises(NotAuthenticated, match="refused"):
                await issuer.client().exchange(bad, audience="service")
