"""Which tokens are believed, and why the others are not."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey, RSAKey

from fastnfurious.core.errors import ResourceUnavailable
from fastnfurious.logs.testing import RecordedLogs
from fastnfurious.oidc.refusal import Refusal, TokenRefused
from tests.unit.oidc.issuing import ISSUER, Issuer, confused, encoded, public, rsa


@pytest.fixture
def issuer() -> Issuer:
    """Return an issuer with one key."""
    return Issuer()


async def refusal(issuer: Issuer, token: str) -> Refusal:
    """Return why a token is refused."""
    with pytest.raises(TokenRefused) as caught:
        await issuer.client.verify(token)
    return caught.value.reason


class TestGoodTokens:
    """What a token tells."""

    async def test_a_good_token_is_a_user(self, issuer: Issuer) -> None:
        """Standard claims have fields, and others are kept."""
        user = await issuer.client.verify(
            issuer.token(preferred_username="alice", scope="openid orders", department="sales")
        )
        assert (user.sub, user.preferred_username, user.aud) == ("7f3a", "alice", ("shop",))
        assert user.scopes == ("openid", "orders")
        assert user.claim("department") == "sales"

    async def test_roles_of_the_realm_and_of_this_service_are_roles(self, issuer: Issuer) -> None:
        """Those of other clients cannot be mistaken for them."""
        token = issuer.token(
            realm_access={"roles": ["admin"]},
            resource_access={"shop": {"roles": ["clerk"]}, "bank": {"roles": ["boss"]}},
        )
        user = await issuer.client.verify(token)
        assert user.roles == ("admin", "bank:boss", "clerk")
        assert user.has_roles("admin", "clerk") and not user.has_roles("boss")

    @pytest.mark.parametrize("audience", ["shop", ["account", "shop"]])
    async def test_one_of_several_audiences_is_enough(self, issuer: Issuer, audience: Any) -> None:
        """A token may be for several services."""
        assert (await issuer.client.verify(issuer.token(aud=audience))).sub == "7f3a"

    @pytest.mark.parametrize("claims", [{"exp": -5}, {"nbf": 5}, {"iat": 5}])
    async def test_clocks_may_differ_a_little(self, issuer: Issuer, claims: dict[str, int]) -> None:
        """Within the leeway a token is neither late nor early."""
        now = int(issuer.clock.now().timestamp())
        moved: dict[str, Any] = {name: now + value for name, value in claims.items()}
        token = issuer.token(**moved)
        assert (await issuer.client.verify(token)).sub == "7f3a"

    @pytest.mark.parametrize("algorithm", ["ES256", "PS256", "EdDSA"])
    async def test_other_signatures_can_be_allowed(self, algorithm: str) -> None:
        """Elliptic curves, for example; joserfc's warning about a name stays away."""
        keys: dict[str, Any] = {
            "ES256": ECKey.generate_key("P-256", {"kid": "e"}),
            "PS256": rsa("first"),
            "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "o"}),
        }
        key = keys[algorithm]
        issuer = Issuer(algorithms=algorithm)
        issuer.published.keys = [public(key, alg=algorithm)]
        token = issuer.token(key, {"alg": algorithm})
        assert (await issuer.client.verify(token)).sub == "7f3a"

    async def test_headers_may_all_differ(self, issuer: Issuer) -> None:
        """What is remembered of them has a bound."""
        for number in range(40):
            token = issuer.token(header={"serial": number})
            assert (await issuer.client.verify(token)).sub == "7f3a"


class TestRefusedTokens:
    """The security matrix, on the verifier alone."""

    @pytest.mark.parametrize(
        ("claims", "reason"),
        [
            ({"iss": "https://id.example.com/realms/other"}, Refusal.ISSUER),
            ({"iss": ISSUER + "/"}, Refusal.ISSUER),
            ({"iss": None}, Refusal.ISSUER),
            ({"aud": "bank"}, Refusal.AUDIENCE),
            ({"aud": "account"}, Refusal.AUDIENCE),
            ({"aud": {"shop": 1}}, Refusal.AUDIENCE),
            ({"aud": None}, Refusal.AUDIENCE),
            ({"sub": None}, Refusal.CLAIMS),
            ({"sub": 7}, Refusal.CLAIMS),
            ({"exp": None}, Refusal.CLAIMS),
            ({"exp": "tomorrow"}, Refusal.CLAIMS),
            ({"exp": True}, Refusal.CLAIMS),
            ({"exp": float("nan")}, Refusal.MALFORMED),
            ({"exp": float("inf")}, Refusal.MALFORMED),
            ({"exp": 1}, Refusal.EXPIRED),
            ({"nbf": 2**40}, Refusal.NOT_YET_VALID),
            ({"nbf": "later"}, Refusal.CLAIMS),
            ({"iat": 2**40}, Refusal.NOT_YET_VALID),
            ({"typ": "ID"}, Refusal.KIND),
            ({"typ": "Refresh"}, Refusal.KIND),
            ({"email_verified": "perhaps"}, Refusal.CLAIMS),
        ],
        ids=str,
    )
    async def test_by_its_claims(
        self, issuer: Issuer, claims: dict[str, Any], reason: Refusal
    ) -> None:
        """The signature alone proves nothing."""
        assert await refusal(issuer, issuer.token(**claims)) is reason

    @pytest.mark.parametrize(
        ("header", "reason"),
        [
            ({"kid": "unknown"}, Refusal.KEY),
            ({"kid": None}, Refusal.KEY),
            ({"kid": 7}, Refusal.KEY),
            ({"jwk": {"kty": "RSA"}}, Refusal.HEADER),
            ({"jku": "https://evil.example.com/keys"}, Refusal.HEADER),
            ({"x5u": "https://evil.example.com/keys"}, Refusal.HEADER),
            ({"x5c": ["MII"]}, Refusal.HEADER),
            ({"crit": ["exp"], "exp": 1}, Refusal.HEADER),
            ({"typ": "logout+jwt"}, Refusal.KIND),
            ({"alg": "RS512"}, Refusal.ALGORITHM),
            ({"alg": "PS256"}, Refusal.KEY),
        ],
        ids=str,
    )
    async def test_by_its_header(
        self, issuer: Issuer, header: dict[str, Any], reason: Refusal
    ) -> None:
        """A token says neither by which key nor by which rules it is to be judged."""
        assert await refusal(issuer, issuer.token(header=header)) is reason

    @pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, 7, "HS256"])
    async def test_without_a_real_signature(self, issuer: Issuer, algorithm: Any) -> None:
        """Algorithms that are not on the list are not even tried."""
        start = f"{encoded({'alg': algorithm, 'kid': 'first'})}.{encoded(issuer.payload())}"
        for signature in ("", encoded(b"x")):
            assert await refusal(issuer, f"{start}.{signature}") is Refusal.ALGORITHM

    async def test_signed_with_the_public_key_as_a_secret(self, issuer: Issuer) -> None:
        """The oldest trick."""
        token = confused(issuer.payload())
        assert await refusal(issuer, token) is Refusal.ALGORITHM

    async def test_signed_by_somebody_else(self, issuer: Issuer) -> None:
        """The id of a good key does not make a good signature."""
        token = issuer.token(rsa("other"), {"kid": "first"})
        assert await refusal(issuer, token) is Refusal.SIGNATURE

    async def test_changed_after_it_was_signed(self, issuer: Issuer) -> None:
        """Every part is covered."""
        header, _, signature = issuer.token().split(".")
        payload = encoded(issuer.payload(roles=["admin"]))
        assert await refusal(issuer, f"{header}.{payload}.{signature}") is Refusal.SIGNATURE

    @pytest.mark.parametrize(
        "members",
        [
            {"use": "enc"},
            {"key_ops": ["encrypt"], "use": None},
            {"key_ops": "verify"},
            {"alg": "PS256"},
            {"n": "!!"},
            {"kty": "oct", "k": "c2VjcmV0"},
        ],
        ids=str,
    )
    async def test_signed_with_a_key_that_is_for_something_else(
        self, issuer: Issuer, members: dict[str, Any]
    ) -> None:
        """A key is used for what the issuer published it."""
        issuer.published.keys = [public(rsa("first"), **members)]
        assert await refusal(issuer, issuer.token()) is Refusal.KEY

    async def test_signed_with_a_short_key(self, issuer: Issuer) -> None:
        """RSA below 2048 bits can be broken."""
        with pytest.warns():
            short = RSAKey.generate_key(1024, {"kid": "short"})
        issuer.published.keys = [public(short)]
        assert await refusal(issuer, issuer.token(short)) is Refusal.KEY

    async def test_too_long(self, issuer: Issuer) -> None:
        """Nobody spends time on a megabyte."""
        assert await refusal(issuer, issuer.token(name="x" * 20_000)) is Refusal.TOO_LARGE

    async def test_for_a_client_that_is_not_accepted(self) -> None:
        """The list of clients is the administrator's."""
        issuer = Issuer(authorized_parties="web,mobile")
        assert await refusal(issuer, issuer.token(azp="evil")) is Refusal.PARTY
        assert await refusal(issuer, issuer.token()) is Refusal.PARTY
        assert (await issuer.client.verify(issuer.token(azp="web"))).azp == "web"

    @pytest.mark.parametrize(
        "payload", [b"", b"[]", b"7", b"{", b'{"sub":', b"\xff\xfe", b"[" * 9_000], ids=repr
    )
    async def test_whose_payload_is_not_an_object(self, issuer: Issuer, payload: bytes) -> None:
        """However well it is signed."""
        token = issuer.signed(rsa("first"), {"alg": "RS256", "kid": "first"}, payload)
        assert await refusal(issuer, token) is Refusal.MALFORMED

    @pytest.mark.parametrize(
        "token",
        ["", ".", "..", "...", "a.b.c", "a.b.c.d.e", "ä.ö.ü", "\ud800", "W10.e30.x", "N.N.N"],
    )
    async def test_that_is_no_token_at_all(self, issuer: Issuer, token: str) -> None:
        """Rubbish is refused like everything else."""
        assert await refusal(issuer, token) is Refusal.MALFORMED

    @given(st.text(max_size=300) | st.lists(st.binary(max_size=40), max_size=5))
    def test_anything_else(self, rubbish: str | list[bytes]) -> None:
        """Whatever comes, it is refused and nothing else is raised."""
        issuer = Issuer()
        token = rubbish if isinstance(rubbish, str) else ".".join(map(encoded, rubbish))
        with pytest.raises(TokenRefused):
            asyncio.run(issuer.client.verify(token))

    @given(
        st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5)
    )
    def test_any_header(self, value: Any) -> None:
        """No value of a header member makes the verifier fall over."""
        issuer = Issuer()
        for name in ("alg", "kid", "typ", "crit"):
            header = json.dumps({"alg": "RS256", "kid": "first", name: value}).encode()
            with pytest.raises(TokenRefused):
                asyncio.run(issuer.client.verify(f"{encoded(header)}.{encoded({})}.x"))


class TestKeys:
    """When the issuer is asked for its keys."""

    async def test_a_thousand_requests_cause_one_fetch(self, issuer: Issuer) -> None:
        """Those that come while it is under way wait for it."""
        tokens = [issuer.token(sub=str(number)) for number in range(20)]
        users = await asyncio.gather(*(issuer.client.verify(t) for t in tokens * 50))
        assert len(users) == 1000
        assert issuer.published.key_fetches == 1

    async def test_a_rotation_causes_one_fetch(self, issuer: Issuer) -> None:
        """The first token with the new key fetches it for all."""
        await issuer.client.verify(issuer.token())
        issuer.published.keys = [public(rsa("second"))]
        issuer.clock.advance(11)
        tokens = [issuer.token(rsa("second"), sub=str(number)) for number in range(20)]
        await asyncio.gather(*(issuer.client.verify(token) for token in tokens * 50))
        assert issuer.published.key_fetches == 2

    async def test_unknown_keys_cannot_load_the_issuer(self, issuer: Issuer) -> None:
        """Between two fetches that they cause there is a pause."""
        for number in range(30):
            token = issuer.token(header={"kid": f"made-up-{number}"})
            assert await refusal(issuer, token) is Refusal.KEY
        assert issuer.published.key_fetches == 1
        issuer.clock.advance(10)
        await refusal(issuer, issuer.token(header={"kid": "made-up"}))
        assert issuer.published.key_fetches == 2

    async def test_a_stale_key_is_refused_after_a_rotation(self, issuer: Issuer) -> None:
        """Tokens that were remembered are forgotten with the key."""
        stale = issuer.token()
        await issuer.client.verify(stale)
        issuer.published.keys = [public(rsa("second"))]
        await issuer.client.verify(stale)
        await issuer.client.refresh()
        assert await refusal(issuer, stale) is Refusal.KEY

    async def test_known_keys_work_while_the_issuer_is_away(self, issuer: Issuer) -> None:
        """Old keys are fetched again in the background; if that fails they stay."""
        await issuer.client.verify(issuer.token())
        issuer.published.down = True
        for number in range(3):
            issuer.clock.advance(400)
            user = await issuer.client.verify(issuer.token(sub=f"u{number}"))
            assert user.sub == f"u{number}"
            await asyncio.sleep(0.01)

    async def test_a_new_key_cannot_be_judged_while_the_issuer_is_away(
        self, issuer: Issuer, logs: RecordedLogs
    ) -> None:
        """The token may be good, so that is our outage, too; the log says it once."""
        await issuer.client.verify(issuer.token())
        issuer.published.keys, issuer.published.down = [public(rsa("second"))], True
        token = issuer.token(rsa("second"))
        for _ in range(3):
            issuer.clock.advance(11)
            with pytest.raises(ResourceUnavailable):
                await issuer.client.verify(token)
        assert len(logs.find_all("could not be fetched")) == 1
        issuer.published.down = False
        issuer.clock.advance(1)
        assert (await issuer.client.verify(token)).sub == "7f3a"

    async def test_old_keys_are_fetched_again(self, issuer: Issuer) -> None:
        """A key that the issuer has withdrawn is gone soon, without an unknown one being seen."""
        await issuer.client.verify(issuer.token())
        issuer.published.keys = []
        issuer.clock.advance(301)
        await issuer.client.verify(issuer.token())
        await asyncio.sleep(0.02)
        assert await refusal(issuer, issuer.token()) is Refusal.KEY

    async def test_without_any_key_nobody_is_judged(self, issuer: Issuer) -> None:
        """An issuer that is away is our outage, not the caller's fault; its return is noticed."""
        issuer.published.down = True
        with pytest.raises(ResourceUnavailable, match="keys are not known"):
            await issuer.client.verify(issuer.token())
        issuer.published.down = False
        issuer.clock.advance(0.5)
        assert (await issuer.client.verify(issuer.token())).sub == "7f3a"

    async def test_one_who_gives_up_does_not_take_the_keys_from_others(
        self, issuer: Issuer
    ) -> None:
        """The fetch is nobody's own."""
        first = asyncio.create_task(issuer.client.verify(issuer.token()))
        second = asyncio.create_task(issuer.client.verify(issuer.token()))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).sub == "7f3a"
        assert issuer.published.key_fetches == 1

    @pytest.mark.parametrize(
        ("document", "reason"),
        [
            ({"issuer": ISSUER + "/", "jwks_uri": "https://x/certs"}, "calls itself"),
            ({"issuer": ISSUER, "jwks_uri": "http://x/certs"}, "without TLS"),
            ({"issuer": ISSUER}, "has no 'jwks_uri'"),
        ],
    )
    async def test_another_issuer_s_description_is_refused(
        self, issuer: Issuer, document: dict[str, str], reason: str
    ) -> None:
        """The keys come from the issuer that is meant."""
        issuer.published.document = document
        with pytest.raises(ResourceUnavailable, match=reason):
            await issuer.client.verify(issuer.token())


class TestMemory:
    """Verified tokens are not verified again for a moment."""

    async def test_a_verified_token_is_recalled(self, issuer: Issuer) -> None:
        """Until the moment is over."""
        token = issuer.token()
        assert issuer.client.recall(token) is None
        user = await issuer.client.verify(token)
        assert issuer.client.recall(token) is user
        issuer.clock.advance(60)
        assert issuer.client.recall(token) is None

    async def test_a_token_is_not_recalled_beyond_its_end(self, issuer: Issuer) -> None:
        """However short that is."""
        token = issuer.token(exp=int(issuer.clock.now().timestamp()) + 5)
        await issuer.client.verify(token)
        issuer.clock.advance(15)
        assert await refusal(issuer, token) is Refusal.EXPIRED

    async def test_there_is_room_for_so_many(self) -> None:
        """The oldest is forgotten."""
        issuer = Issuer(cache_size=2)
        tokens = [issuer.token(sub=name) for name in "abc"]
        for token in tokens:
            await issuer.client.verify(token)
        assert [issuer.client.recall(token) is None for token in tokens] == [True, False, False]

    @pytest.mark.parametrize("settings", [{"cache_seconds": 0}, {"cache_size": 0}])
    async def test_it_can_be_switched_off(self, settings: dict[str, int]) -> None:
        """Then a token is verified each time."""
        issuer = Issuer(**settings)
        await issuer.client.verify(issuer.token())
        assert issuer.client.recall(issuer.token()) is None
