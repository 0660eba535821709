"""Administering Keycloak's realm; an issuer that has nothing to administer says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
from pydantic import SecretStr

from fastnfurious.core.errors import (
    ConfigurationError,
    Conflict,
    NotAuthenticated,
    OperationTimeout,
    ResourceNotFound,
    ResourceUnavailable,
)
from servers.plugin import Backing
from tests.conformance.oidc.issuers import EmbeddedUnderTest, RealUnderTest
from tests.conformance.oidc.realm import Realm


@pytest.fixture
async def settings(backing: Backing) -> Mapping[str, str]:
    """Return settings that name Keycloak."""
    endpoint = backing("oidc", "keycloak")
    assert endpoint is not None
    return endpoint.settings


@pytest.fixture
async def realm(settings: Mapping[str, str]) -> AsyncIterator[Realm]:
    """Return a realm whose users the service may manage."""
    async with Realm(settings, roles=("view-users", "manage-users")) as realm:
        yield realm


@pytest.fixture
async def issuer(realm: Realm) -> AsyncIterator[RealUnderTest]:
    """Return the realm as an issuer under test."""
    tested = RealUnderTest(realm.settings)
    yield tested
    await tested.aclose()


async def test_users_are_made_found_and_removed(issuer: RealUnderTest) -> None:
    """By the methods of python-keycloak, under their own names."""
    admin = issuer.client().admin
    made = await admin.create_user({"username": "carol", "email": "carol@example.com"})
    found = await admin.get_users({"username": "carol", "exact": True})
    assert [user["id"] for user in found] == [made]
    assert await admin.a_get_user_id("carol") == made
    await admin.delete_user(made)
    assert await admin.get_user_id("carol") is None


async def test_what_does_not_exist_or_exists_already_is_ours(issuer: RealUnderTest) -> None:
    """With what Keycloak says about it."""
    admin = issuer.client().admin
    with pytest.raises(ResourceNotFound, match="get_user: User not found"):
        await admin.get_user("nobody")
    with pytest.raises(Conflict, match="User exists with same username"):
        await admin.create_user({"username": "alice"})
    with pytest.raises(AttributeError, match="no method 'a_make_user'"):
        await admin.make_user({})


async def test_a_role_that_is_missing_is_named(issuer: RealUnderTest) -> None:
    """It is the service's lack, not the caller's."""
    with pytest.raises(ConfigurationError, match="service account of OIDC_CLIENT_ID"):
        await issuer.client().admin.create_client({"clientId": "new"})


async def test_a_wrong_secret_names_the_setting(issuer: RealUnderTest) -> None:
    """And does not show it."""
    client = issuer.client(client_secret=SecretStr("wrong-secret"))
    with pytest.raises(ConfigurationError, match="OIDC_CLIENT_SECRET") as caught:
        await client.admin.get_users({})
    assert "wrong-secret" not in str(caught.value)


async def test_the_token_is_renewed(issuer: RealUnderTest, realm: Realm) -> None:
    """Also when the sessions have been ended at the server; many may ask at once."""
    admin = issuer.client().admin
    await asyncio.gather(*(admin.get_users({}) for _ in range(20)))
    await realm.end_sessions()
    assert len(await admin.get_users({})) >= 1


async def test_a_server_that_is_away_is_an_outage(settings: Mapping[str, str]) -> None:
    """Or one that says nothing."""

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    away = RealUnderTest({**settings, "OIDC_ISSUER": "http://127.0.0.1:1/realms/shop"})
    with pytest.raises(ResourceUnavailable, match="get_users: no connection"):
        await away.client().admin.get_users({})
    await away.aclose()
    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    mute = RealUnderTest({**settings, "OIDC_ISSUER": f"http://127.0.0.1:{port}/realms/shop"})
    with pytest.raises(OperationTimeout, match="did not answer get_users in time"):
        await mute.client(timeout_seconds=0.2).admin.get_users({})
    await mute.aclose()
    server.close()


async def test_the_issuer_in_the_process_has_nothing_to_administer() -> None:
    """The message says what does."""
    embedded = EmbeddedUnderTest({})
    with pytest.raises(ConfigurationError, match="in the process.*set OIDC_ISSUER to a realm"):
        _ = embedded.client().admin
    other = embedded.client(issuer="https://id.example.com")
    with pytest.raises(ConfigurationError, match="'https://id.example.com' has nothing"):
        _ = other.admin
    await embedded.aclose()


async def test_an_exchange_that_is_not_allowed_is_not_the_user_s_fault(
    issuer: RealUnderTest,
) -> None:
    """An audience that the issuer does not know, for example."""
    with pytest.raises(ConfigurationError, match="No token for 'bank': .*Audience not found"):
        await issuer.client().exchange(await issuer.token(), audience="bank")


async def test_a_session_that_was_ended_is_not_exchanged(
    issuer: RealUnderTest, realm: Realm
) -> None:
    """Though its token is still good where nobody asks the issuer; the user has to log in again."""
    client, token = issuer.client(), await issuer.token()
    await client.verify(token)
    await realm.end_sessions()
    with pytest.raises(NotAuthenticated):
        await client.exchange(token, audience="service")
    assert (await client.verify(token)).preferred_username == "alice"
