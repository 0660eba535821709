"""Where the suite runs: the issuer in the process, and Keycloak when it is up."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from servers.plugin import Backing
from tests.conformance.oidc.issuers import EmbeddedUnderTest, RealUnderTest, TestedIssuer


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio."""
    return "asyncio"


@pytest.fixture(params=["embedded", "keycloak"])
async def issuer(request: pytest.FixtureRequest, backing: Backing) -> AsyncIterator[TestedIssuer]:
    """Return an issuer to test with."""
    endpoint = backing("oidc", request.param)
    tested = RealUnderTest(endpoint.settings) if endpoint else EmbeddedUnderTest({})
    yield tested
    await tested.aclose()
