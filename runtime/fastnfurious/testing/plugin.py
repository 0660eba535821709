"""The pytest plugin: clients, a live server, and doubles, as fixtures.

Pytest loads this module in every run of an environment that has it installed, so nothing but
pytest itself is imported until a fixture is used.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from fastnfurious.logs.testing import RecordedLogs
    from fastnfurious.metrics.testing import MetricsSnapshot
    from fastnfurious.testing.async_client import AsyncTestClient
    from fastnfurious.testing.clock import FrozenClock
    from fastnfurious.testing.identifiers import SequentialIdentifiers
    from fastnfurious.testing.live_server import LiveServer
    from fastnfurious.testing.loop_watch import LoopWatch
    from fastnfurious.tracing.testing import RecordedSpans

__all__ = [
    "app",
    "async_client",
    "client",
    "clock",
    "dependency_overrides",
    "ids",
    "live_server",
    "logs",
    "metrics",
    "prepared_app",
    "responsive_loop",
    "spans",
]

_APP_OPTION = "fastnfurious_app"
_BLOCKING_OPTION = "fastnfurious_blocking_threshold"
_ENVIRONMENT = "ENVIRONMENT"
_MAY_BLOCK = "loop_may_block"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that ``pyproject.toml`` or ``pytest.ini`` may set."""
    parser.addini(
        _APP_OPTION,
        "The application that the fixtures test, as module:attribute, "
        "for example my_service.app:app.",
        default="",
    )
    parser.addini(
        _BLOCKING_OPTION,
        "Seconds for which one callback may hold an event loop before the test fails; "
        "0, the default, allows any time.",
        default="0",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Run the tests of a service in ``ENVIRONMENT=test``, unless another one is set.

    Embedded services then keep what they can in memory. A conftest.py may import the application,
    which reads its settings, so this has to happen before.
    """
    if early_config.getini(_APP_OPTION) and _ENVIRONMENT not in os.environ:
        os.environ[_ENVIRONMENT] = "test"
        early_config.add_cleanup(_forget_environment)


def _forget_environment() -> None:
    os.environ.pop(_ENVIRONMENT, None)


def pytest_configure(config: pytest.Config) -> None:
    """Make the doubles of integrations available, in projects that test a service."""
    config.addinivalue_line("markers", f"{_MAY_BLOCK}: this test may hold its event loop.")
    _blocking_threshold(config)
    if config.getini(_APP_OPTION):
        from fastnfurious.testing.doubles import register_doubles

        register_doubles(config.pluginmanager)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the variants of tests that would run an application on Trio.

    AnyIO's plugin repeats a test for each loop that is installed; the application has only one.
    """
    left_out = [item for item in items if _is_for_trio(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _is_for_trio(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    backend = call.params.get("anyio_backend") if call is not None else None
    name = backend[0] if isinstance(backend, tuple) else backend
    return name == "trio" and "async_client" in getattr(item, "fixturenames", ())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Fail a test that blocks an event loop, in projects that set a threshold."""
    watch = _watch_of(item)
    if watch is None:
        return (yield)
    with watch:
        return (yield)


def _watch_of(item: pytest.Item) -> LoopWatch | None:
    asked_for: LoopWatch | None = getattr(item, "funcargs", {}).get("responsive_loop")
    threshold = _blocking_threshold(item.config)
    if asked_for or not threshold or item.get_closest_marker(_MAY_BLOCK):
        return asked_for
    from fastnfurious.testing.loop_watch import LoopWatch

    return LoopWatch(threshold)


def _blocking_threshold(config: pytest.Config) -> float:
    text = str(config.getini(_BLOCKING_OPTION))
    try:
        return max(0.0, float(text))
    except ValueError:
        raise pytest.UsageError(
            f"{_BLOCKING_OPTION} = {text!r} is not accepted: a number of seconds, such as 0.1"
        ) from None


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
        # An application that is not FastAPI's has no dependencies to replace.
        yield getattr(app, "dependency_overrides", {})


@pytest.fixture
def prepared_app(
    request: pytest.FixtureRequest, app: Any, dependency_overrides: object
) -> Iterator[Any]:
    """Return the application as the clients start it: a test that uses ``ids`` sees them in it."""
    if "ids" not in request.fixturenames or not hasattr(app, "identifiers"):
        yield app
        return
    before, app.identifiers = app.identifiers, request.getfixturevalue("ids")
    yield app
    app.identifiers = before


@pytest.fixture
def client(prepared_app: Any) -> Iterator[TestClient]:
    """Return a client for plain tests; the application is started and stopped around the test."""
    from starlette.testclient import TestClient

    with TestClient(prepared_app) as started:
        yield started


@pytest.fixture
async def async_client(prepared_app: Any, anyio_backend: object) -> AsyncIterator[AsyncTestClient]:
    """Return a client for async tests, which run in the same loop as the application.

    A test that uses this fixture needs no marker: AnyIO's pytest plugin, installed with FastAPI,
    runs it.
    """
    from fastnfurious.testing.async_client import AsyncTestClient

    async with AsyncTestClient(prepared_app) as started:
        yield started


@pytest.fixture
def live_server(prepared_app: Any) -> Iterator[LiveServer]:
    """Return a server on a real port of this machine, ready for requests at its ``url``."""
    from fastnfurious.testing.live_server import LiveServer

    with LiveServer(prepared_app) as server:
        yield server


@pytest.fixture
def spans(app: Any) -> Iterator[RecordedSpans]:
    """Return the spans that the application records during the test; none is exported."""
    from fastnfurious.tracing.testing import RecordedSpans

    with RecordedSpans(app.tracing) as recorded:
        yield recorded


@pytest.fixture
def logs() -> Iterator[RecordedLogs]:
    """Return what is logged during the test, by whichever library, line by line."""
    from fastnfurious.logs.testing import RecordedLogs

    with RecordedLogs() as recorded:
        yield recorded


@pytest.fixture
def metrics(app: Any) -> MetricsSnapshot:
    """Return the application's numbers as they were, to tell how the test has changed them."""
    from fastnfurious.metrics.testing import MetricsSnapshot

    return MetricsSnapshot(app.metrics)


@pytest.fixture
def clock() -> FrozenClock:
    """Return a clock that stands still until the test moves it.

    An application takes its clock when it is made: ``FastNFuriousAPI(clock=clock)``.
    """
    from fastnfurious.testing.clock import FrozenClock

    return FrozenClock()


@pytest.fixture
def ids() -> SequentialIdentifiers:
    """Return a source of identifiers that counts up from 1; the application's requests use it."""
    from fastnfurious.testing.identifiers import SequentialIdentifiers

    return SequentialIdentifiers()


@pytest.fixture
def responsive_loop() -> LoopWatch:
    """Fail the test when a callback holds an event loop for more than a tenth of a second.

    Assign ``responsive_loop.threshold`` to allow another time.
    """
    from fastnfurious.testing.loop_watch import LoopWatch

    return LoopWatch()
