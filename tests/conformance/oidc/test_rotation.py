"""A rotation as the issuer itself does it: a new key signs, and the old one is withdrawn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from fastnfurious.oidc.refusal import Refusal
from servers.plugin import Backing
from tests.conformance.oidc.issuers import EmbeddedUnderTest, RealUnderTest, TestedIssuer
from tests.conformance.oidc.realm import Realm
from tests.conformance.oidc.test_tokens import assert_refused

Rotated = tuple[TestedIssuer, Callable[[], Awaitable[None]]]


@pytest.fixture(params=["embedded", "keycloak"])
async def rotated(request: pytest.FixtureRequest, backing: Backing) -> AsyncIterator[Rotated]:
    """Return an issuer of the test's own, and what rotates its key."""
    endpoint = backing("oidc", request.param)
    if endpoint is None:
        embedded = EmbeddedUnderTest({})

        async def rotate() -> None:
            embedded.integration.issuer.rotate()

        yield embedded, rotate
        await embedded.aclose()
        return
    async with Realm(endpoint.settings) as realm:
        real = RealUnderTest(realm.settings)
        yield real, realm.rotate
        await real.aclose()


async def test_new_tokens_are_believed_and_old_ones_are_not(rotated: Rotated) -> None:
    """The first new token fetches the new key, once for a thousand requests."""
    issuer, rotate = rotated
    client, old = issuer.client(), await issuer.token()
    assert (await client.verify(old)).preferred_username == "alice"
    await rotate()
    new = await issuer.token()
    # The pause between two fetches is over.
    issuer.clock.by = 11
    await asyncio.gather(*(client.verify(new) for _ in range(1000)))
    assert issuer.transport.fetches == 2
    await assert_refused(client, old, Refusal.KEY)
    assert issuer.transport.fetches == 2
