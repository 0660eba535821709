"""The fixtures, as a service's own test-suite uses them."""

from __future__ import annotations

import textwrap

import pytest

SERVICE = '''
"""A service with a lifespan, a dependency and a failing handler."""

import asyncio
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI

events = []


@asynccontextmanager
async def lifespan(app):
    events.append("started")
    yield {"colour": "blue"}
    events.append("stopped")


def get_user():
    return "nobody"


app = FastAPI(lifespan=lifespan)


@app.get("/user")
async def user(name: str = Depends(get_user)) -> str:
    return name


@app.get("/events")
async def read_events() -> list[str]:
    return events
'''


@pytest.fixture
def service(pytester: pytest.Pytester) -> pytest.Pytester:
    """Lay out a service whose configuration names its application."""
    pytester.makepyfile(shop=SERVICE)
    pytester.makeini("""
        [pytest]
        pythonpath = .
        fastnfurious_app = shop:app
        filterwarnings = error
        """)
    return pytester


def run(pytester: pytest.Pytester, tests: str, *arguments: str) -> pytest.RunResult:
    """Run a test file of the service in a process of its own."""
    pytester.makepyfile(test_shop=textwrap.dedent(tests))
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)


def test_client_starts_and_stops_the_application_around_each_test(
    service: pytest.Pytester,
) -> None:
    """Every test sees an application that was started once more, and stopped before."""
    result = run(
        service,
        """
        def test_first(client):
            assert client.get("/events").json() == ["started"]

        def test_second(client):
            assert client.get("/events").json() == ["started", "stopped", "started"]
        """,
    )
    result.assert_outcomes(passed=2)


def test_async_client_needs_no_marker_and_runs_in_the_tests_loop(
    service: pytest.Pytester,
) -> None:
    """An async test runs because it uses the fixture, in the loop of the application."""
    result = run(
        service,
        """
        import asyncio

        import shop

        async def test_loop(async_client):
            loops = []

            @shop.app.get("/loop")
            async def loop() -> None:
                loops.append(asyncio.get_running_loop())

            assert (await async_client.get("/loop")).status_code == 200
            assert loops == [asyncio.get_running_loop()]
            assert (await async_client.get("/events")).json() == ["started"]
        """,
    )
    result.assert_outcomes(passed=1)


def test_live_server_answers_on_a_real_port(service: pytest.Pytester) -> None:
    """The server is ready when the test begins, and the application is stopped afterwards."""
    result = run(
        service,
        """
        import httpx2

        import shop

        def test_port(live_server):
            assert httpx2.get(f"{live_server.url}/events").json() == ["started"]

        def test_stopped():
            assert shop.events == ["started", "stopped"]
        """,
    )
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("fixture", ["app", "client", "live_server", "dependency_overrides"])
def test_dependency_overrides_do_not_outlive_a_test(service: pytest.Pytester, fixture: str) -> None:
    """What one test replaces is back for the next, whichever fixture it uses."""
    result = run(
        service,
        f"""
        import shop

        def test_first({fixture}):
            shop.app.dependency_overrides[shop.get_user] = lambda: "somebody"

        def test_second():
            assert shop.app.dependency_overrides == {{}}
        """,
    )
    result.assert_outcomes(passed=2)
