"""The pytest plugin: clients, a live server, and doubles, as fixtures.

Pytest loads this module in every run of an environment that has it installed, so nothing but
pytest itself is imported until a fixture is used.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from fastnfurious.testing.async_client import AsyncTestClient
    from fastnfurious.testing.clock import FrozenClock
    from fastnfurious.testing.identifiers import SequentialIdentifiers
    from fastnfurious.testing.live_server import LiveServer

__all__ = [
    "app",
    "async_client",
    "client",
    "clock",
    "dependency_overrides",
    "ids",
    "live_server",
]

_APP_OPTION = "fastnfurious_app"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that ``pyproject.toml`` or ``pytest.ini`` may set."""
    parser.addini(
        _APP_OPTION,
        "The application that the fixtures test, as module:attribute, "
        "for example my_service.app:app.",
        default="",
    )


@pytest.fixture
def app(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Return the application under test; override this fixture to build another one.

    Raises:
        ApplicationNotFound: The option ``fastnfurious_app`` names no application.
    """
    from fastnfurious.testing.application import load_application
    from fastnfurious.testing.overrides import restored_overrides

    app = load_application(str(request.config.getini(_APP_OPTION)))
    with restored_overrides(app):
        yield app


@pytest.fixture
def dependency_overrides(app: Any) -> Iterator[dict[Any, Any]]:
    """Replace dependencies for one test: every change is undone at its end."""
    from fastnfurious.testing.overrides import restored_overrides

    with restored_overrides(app):
        yield app.dependency_overrides


@pytest.fixture
def client(app: Any, dependency_overrides: object) -> Iterator[TestClient]:
    """Return a client for plain tests; the application is started and stopped around the test."""
    from starlette.testclient import TestClient

    with TestClient(app) as client:
        yield client


@pytest.fixture
async def async_client(
    app: Any, dependency_overrides: object, anyio_backend: object
) -> AsyncIterator[AsyncTestClient]:
    """Return a client for async tests, which run in the same loop as the application.

    A test that uses this fixture needs no marker: AnyIO's pytest plugin, installed with FastAPI,
    runs it.
    """
    from fastnfurious.testing.async_client import AsyncTestClient

    async with AsyncTestClient(app) as client:
        yield client


@pytest.fixture
def live_server(app: Any, dependency_overrides: object) -> Iterator[LiveServer]:
    """Return a server on a real port of this machine, ready for requests at its ``url``."""
    from fastnfurious.testing.live_server import LiveServer

    with LiveServer(app) as server:
        yield server


@pytest.fixture
def clock() -> FrozenClock:
    """Return a clock that stands still until the test moves it."""
    from fastnfurious.testing.clock import FrozenClock

    return FrozenClock()


@pytest.fixture
def ids() -> SequentialIdentifiers:
    """Return a source of identifiers that counts up from 1."""
    from fastnfurious.testing.identifiers import SequentialIdentifiers

    return SequentialIdentifiers()
