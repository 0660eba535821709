"""A server that does not let us in stops the start with one readable line."""

from __future__ import annotations

import pytest

from fastnfurious.core.errors import StartupError
from fastnfurious.core.settings import Environment, FastNFuriousSettings
from fastnfurious.sql.integration import SqlIntegration
from fastnfurious.sql.settings import SqlSettings
from servers.plugin import Backing


@pytest.mark.parametrize(
    ("right", "wrong", "reason"),
    [
        (":fastnfurious@", ":hush@", "the user or the password is wrong"),
        ("/fastnfurious", "/hush", "there is no database of that name"),
    ],
)
async def test_a_wrong_address_is_explained(
    backing: Backing, right: str, wrong: str, reason: str
) -> None:
    """The setting and the reason are named, and nothing secret is."""
    endpoint = backing("sql", "postgres")
    assert endpoint is not None
    head, _, tail = endpoint.url.rpartition(right)
    settings = SqlSettings(url=head + wrong + tail)
    integration = SqlIntegration(settings, FastNFuriousSettings(environment=Environment.STAGING))
    with pytest.raises(StartupError, match=f"DATABASE_URL: {reason}") as caught:
        await integration.open()
    await integration.aclose()
    assert "hush" not in str(caught.value)
    assert caught.value.__suppress_context__
