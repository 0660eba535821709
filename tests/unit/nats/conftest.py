"""An application with NATS, whose registry knows nothing else."""

from __future__ import annotations

import pytest

from fastnfurious import FastNFuriousAPI
from fastnfurious.nats import fixtures
from tests.unit.nats.service import make_app

# As the pytest plugin does for the tests of a service.
nats = fixtures.nats


@pytest.fixture
def app() -> FastNFuriousAPI:
    """Return an application with the embedded server."""
    return make_app()
