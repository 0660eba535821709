"""The fixtures, as a service's own test-suite uses them."""

from __future__ import annotations

import textwrap

import pytest

from fastnfurious.core.errors import ApplicationNotFound
from fastnfurious.core.registry import Registry, RegistryEntry
from fastnfurious.testing.application import load_application
from fastnfurious.testing.doubles import register_doubles

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


INI = """
[pytest]
pythonpath = .
fastnfurious_app = shop:app
filterwarnings = error
addopts = --strict-markers --strict-config -pno:cacheprovider
"""


@pytest.fixture
def service(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Lay out a service whose configuration names its application.

    Only our plugin and AnyIO's are loaded: nothing else may be needed.
    """
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "anyio.pytest_plugin,fastnfurious.testing.plugin")
    pytester.makepyfile(shop=SERVICE)
    pytester.makeini(INI)
    return pytester


def run(pytester: pytest.Pytester, tests: str, *arguments: str) -> pytest.RunResult:
    """Run a test file of the service in a process of its own."""
    pytester.makepyfile(test_shop=textwrap.dedent(tests))
    return pytester.runpytest_subprocess(*arguments)


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


def test_overrides_are_answered_by_every_client_and_restored_in_mounted_applications(
    service: pytest.Pytester,
) -> None:
    """A replaced dependency is seen over the test client, the async client and the network."""
    result = run(
        service,
        """
        import httpx2
        import pytest
        from fastapi import FastAPI

        import shop

        inner = FastAPI()
        shop.app.mount("/inner", inner)

        @pytest.fixture(autouse=True)
        def somebody(dependency_overrides):
            dependency_overrides[shop.get_user] = lambda: "somebody"

        def test_client(client):
            inner.dependency_overrides[shop.get_user] = print
            assert client.get("/user").json() == "somebody"

        async def test_async(async_client):
            assert inner.dependency_overrides == {}
            assert (await async_client.get("/user")).json() == "somebody"

        def test_live(live_server):
            assert httpx2.get(f"{live_server.url}/user").json() == "somebody"
        """,
    )
    result.assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("", "No application to test: set fastnfurious_app"),
        ("shop", "'shop' is not of the form module:attribute"),
        ("shop:", "'shop:' is not of the form module:attribute"),
        ("ship:app", "There is no module 'ship', for 'ship:app'"),
        ("shop:ap", "Module 'shop' has no 'ap'"),
        ("broken:app", "No module named 'nowhere'"),
        ("wrong:app", "has no attribute 'nothing'"),
    ],
)
def test_an_application_that_cannot_be_found_is_explained(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, target: str, reason: str
) -> None:
    """The sentence names what was configured, and a fault inside the module stays its own."""
    pytester.makepyfile(shop="", broken="import nowhere", wrong="import os; os.nothing")
    monkeypatch.syspath_prepend(str(pytester.path))
    with pytest.raises((LookupError, ImportError, AttributeError)) as caught:
        load_application(target)
    assert reason in str(caught.value)
    own_fault = target.startswith(("broken", "wrong"))
    assert isinstance(caught.value, ApplicationNotFound) is not own_fault


def test_an_application_of_ones_own_replaces_the_configured_one(
    service: pytest.Pytester,
) -> None:
    """A fixture called app in a conftest.py serves all clients, with the frozen doubles."""
    service.makeconftest("""
        import pytest
        from fastapi import FastAPI

        @pytest.fixture
        def app(clock, ids):
            app = FastAPI()

            @app.get("/now")
            async def now() -> list[str]:
                return [clock.now().isoformat(), ids()]

            return app
        """)
    result = run(
        service,
        """
        def test_now(client, clock, ids):
            clock.advance(60)
            now, identifier = client.get("/now").json()
            assert now == "2030-01-01T00:01:00+00:00"
            assert [identifier] == ids.issued
        """,
    )
    result.assert_outcomes(passed=1)


def test_a_blocked_loop_fails_the_test_where_a_threshold_is_set(
    service: pytest.Pytester,
) -> None:
    """The line that blocked is named; a marker allows it for one test."""
    service.makeini(INI + "fastnfurious_blocking_threshold = 0.05\n")
    result = run(
        service,
        """
        import time

        import pytest

        import shop

        @shop.app.get("/slow")
        async def slow() -> None:
            time.sleep(0.2)

        def test_blocked(client):
            client.get("/slow")

        @pytest.mark.loop_may_block
        def test_allowed(client):
            client.get("/slow")

        def test_fine(client):
            client.get("/user")

        def test_own_threshold(client, responsive_loop):
            responsive_loop.threshold = 5
            client.get("/slow")
        """,
    )
    result.assert_outcomes(failed=1, passed=3)
    result.stdout.fnmatch_lines(["*EventLoopBlocked: The event loop was blocked:*"])
    result.stdout.fnmatch_lines(["*time.sleep(0.2)` in slow, test_shop.py:*"])


def test_a_test_may_ask_for_a_responsive_loop_without_any_setting(
    service: pytest.Pytester,
) -> None:
    """The fixture watches the one test that uses it."""
    result = run(
        service,
        """
        import time

        import shop

        @shop.app.get("/slow")
        async def slow() -> None:
            time.sleep(0.3)

        def test_blocked(client, responsive_loop):
            client.get("/slow")

        def test_unwatched(client):
            client.get("/slow")
        """,
    )
    result.assert_outcomes(failed=1, passed=1)


def test_a_threshold_that_is_no_number_is_refused(service: pytest.Pytester) -> None:
    """A wrong option is one sentence before any test runs."""
    service.makeini(INI + "fastnfurious_blocking_threshold = soon\n")
    result = run(service, "def test_nothing(): pass")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*fastnfurious_blocking_threshold = 'soon' is not accepted: a number of seconds*"]
    )


def test_variants_for_trio_are_left_out(service: pytest.Pytester) -> None:
    """A project whose tests run on two loops runs those with an application on one."""
    service.makeconftest("""
        import pytest

        @pytest.fixture(params=["asyncio", ("trio", {})], ids=["asyncio", "trio"])
        def anyio_backend(request):
            return request.param
        """)
    result = run(
        service,
        """
        def test_plain(anyio_backend):
            pass

        async def test_client(async_client):
            assert (await async_client.get("/user")).json() == "nobody"
        """,
    )
    result.assert_outcomes(passed=3, deselected=1)


LAMPS = {
    "lamps/__init__.py": "",
    "lamps/integration.py": """
        from fastnfurious.core.health import CheckResult
        from fastnfurious.core.integration import Integration, IntegrationStatus, Mode
        from fastnfurious.core.settings import Settings


        class LampIntegration(Integration):
            name = "lamp"
            settings_class = Settings

            @property
            def resource(self):
                return self

            @property
            def status(self):
                return IntegrationStatus(Mode.EMBEDDED, "in process")

            def switch(self, on):
                raise RuntimeError("this lamp is real")

            async def open(self): ...

            async def aclose(self): ...

            async def check(self):
                return CheckResult()
        """,
    "lamps/fixtures.py": """
        import pytest


        @pytest.fixture
        def lamp(app):
            from fastnfurious.core.settings import Settings
            from lamps.integration import LampIntegration

            class RecordingLamp(LampIntegration):
                switched = ()

                def switch(self, on):
                    self.switched += (on,)

            double = RecordingLamp(Settings(), app.settings)
            with app.integrations.replaced("lamp", double):
                yield double
        """,
    "lamps-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: lamps\nVersion: 1.0\n",
    "lamps-1.0.dist-info/entry_points.txt": """
        [fastnfurious.integrations]
        lamp = lamps.integration:LampIntegration
        """,
    "house.py": """
        from fastnfurious import FastNFuriousAPI

        app = FastNFuriousAPI()


        @app.put("/lamp/{on}")
        async def switch(on: bool) -> None:
            app.lamp.switch(on)
        """,
}


def test_a_third_partys_double_takes_the_place_of_its_integration(
    service: pytest.Pytester,
) -> None:
    """An installed integration brings its double through the registry alone."""
    for name, text in LAMPS.items():
        path = service.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip())
    service.makeini(INI.replace("shop:app", "house:app"))
    result = run(
        service,
        """
        import pytest

        def test_double(client, lamp):
            client.put("/lamp/true")
            client.put("/lamp/false")
            assert lamp.switched == (True, False)

        def test_real_one(client):
            with pytest.raises(RuntimeError, match="this lamp is real"):
                client.put("/lamp/true")
        """,
    )
    result.assert_outcomes(passed=2)


def test_an_integration_without_doubles_is_fine() -> None:
    """Neither a single module nor a package has to bring a module for tests."""
    entries = [
        RegistryEntry("single", "textwrap:dedent", "x"),
        RegistryEntry("package", "email.message:Message", "x"),
    ]
    plugins = pytest.PytestPluginManager()
    before = len(plugins.get_plugins())
    register_doubles(plugins, Registry(entries))
    assert len(plugins.get_plugins()) == before


def test_a_double_whose_driver_is_missing_says_what_to_install(
    service: pytest.Pytester,
) -> None:
    """A test that asks for it learns the command, in place of an unknown fixture."""
    service.makeconftest("""
        from fastnfurious.core import registry

        registry._BUILT_IN = (
            registry.RegistryEntry(
                "lamp", "lamps.integration:Lamp", "fastnfurious[lamp]", ("no_such_driver",)
            ),
        )
        """)
    result = run(service, "def test_lamp(lamp): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*run `pip install 'fastnfurious?lamp?'`"])


TAVERN = """
test_name: The service answers a real request

marks:
  - usefixtures:
      - live_server

stages:
  - name: Ask for the user
    request:
      url: "{live_server.url}/user"
      method: GET
    response:
      status_code: 200
      json: nobody
"""


def test_tavern_files_run_against_the_live_server(
    service: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every installed plugin loaded, a Tavern file needs nothing but the fixture's name."""
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    monkeypatch.delenv("PYTEST_PLUGINS")
    # Tavern leaves its file open.
    service.makeini(INI.replace("filterwarnings = error", ""))
    (service.path / "test_user.tavern.yaml").write_text(TAVERN)
    result = service.runpytest_subprocess()
    result.assert_outcomes(passed=1)


def test_a_run_that_uses_no_fixture_imports_nothing_of_ours(
    service: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the projects of others, the plugin costs an import of pytest and of itself."""
    result = run(
        service,
        """
        import sys

        def test_modules():
            heavy = {"fastapi", "starlette", "pydantic", "uvicorn", "copier", "loguru", "httpx2",
                     "opentelemetry", "prometheus_client", "asyncio.base_events", "shop"}
            # AnyIO's own plugin brings asyncio.
            assert heavy & set(sys.modules) <= {"asyncio.base_events"}
            ours = {name for name in sys.modules if name.startswith("fastnfurious")}
            assert ours <= {
                "fastnfurious", "fastnfurious.core", "fastnfurious.core.lazy",
                "fastnfurious.core.errors", "fastnfurious.core.registry",
                "fastnfurious.testing", "fastnfurious.testing.plugin",
                "fastnfurious.testing.doubles",
            } | {f"fastnfurious.{name}" for name in ("nats", "s3", "oidc", "sql")} | {
                f"fastnfurious.{name}.fixtures" for name in ("nats", "s3", "oidc", "sql")
            }
        """,
    )
    result.assert_outcomes(passed=1)
