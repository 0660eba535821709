"""An application that knows S3."""

from __future__ import annotations

import pytest

from fastnfurious import FastNFuriousAPI, FastNFuriousSettings
from fastnfurious.core.registry import Registry, RegistryEntry

TARGET = "fastnfurious.s3.integration:S3Integration"


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as an application does."""
    return "asyncio"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FastNFuriousAPI:
    """Return an application with S3 in memory."""
    monkeypatch.setenv("ENVIRONMENT", "test")
    app = FastNFuriousAPI(title="Models", settings=FastNFuriousSettings)
    app.integrations.registry = Registry([RegistryEntry("s3", TARGET, "fastnfurious[s3]")])
    return app
