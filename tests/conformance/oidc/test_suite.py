"""The suite itself: a stand-in or a verifier that is broken does not pass it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from fastnfurious.core.errors import FastNFuriousError
from fastnfurious.oidc.embedded.issuer import EmbeddedIssuer
from fastnfurious.oidc.keys import IssuerKeys
from fastnfurious.oidc.verifier import TokenVerifier
from tests.conformance.oidc.issuers import EmbeddedUnderTest, TestedIssuer
from tests.conformance.oidc.test_tokens import TestBelieved, TestKeys, TestRefused

believed, refused, keys = TestBelieved(), TestRefused(), TestKeys()


def nothing(*_: Any, **__: Any) -> None:
    """Judge nothing."""


def without_roles(self: EmbeddedIssuer, user: str, **options: Any) -> str:
    """Issue tokens that lack what Keycloak's have."""
    return _token(self, user, **{**options, "realm_access": None})


def without_types(self: EmbeddedIssuer, user: str, **options: Any) -> str:
    """Issue identity tokens that look like access tokens."""
    return _token(self, user, **{**options, "typ": "Bearer"})


_token = EmbeddedIssuer.token


@pytest.fixture
async def issuer() -> AsyncIterator[TestedIssuer]:
    """Return the issuer in the process."""
    tested = EmbeddedUnderTest({})
    yield tested
    await tested.aclose()


@pytest.mark.parametrize(
    ("owner", "name", "broken", "check"),
    [
        (EmbeddedIssuer, "token", without_roles, believed.test_a_user_has_claims_roles_and_scopes),
        (EmbeddedIssuer, "token", without_types, refused.test_other_kinds_of_tokens),
        (TokenVerifier, "_check_signature", nothing, refused.test_every_forgery),
        (TokenVerifier, "_judge_times", nothing, refused.test_before_and_after_its_time),
        (TokenVerifier, "forget", nothing, keys.test_a_stale_key_is_refused),
        (IssuerKeys, "_take", nothing, believed.test_the_integration_believes_them_too),
    ],
)
async def test_it_notices(
    issuer: TestedIssuer,
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    broken: Any,
    check: Callable[[TestedIssuer], Awaitable[None]],
) -> None:
    """Each break is caught by a test that passes otherwise."""
    await check(issuer)
    await issuer.aclose()
    monkeypatch.setattr(owner, name, broken)
    tested = EmbeddedUnderTest({})
    with pytest.raises((AssertionError, pytest.fail.Exception, FastNFuriousError)):
        await check(tested)
    await tested.aclose()
