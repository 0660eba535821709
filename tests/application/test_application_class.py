"""FastNFuriousAPI stays a FastAPI: what the one can do, the other can."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, WebSocket
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from fastnfurious import FastNFuriousAPI, FastNFuriousSettings
from fastnfurious.application import (
    CurrentApp,
    CurrentSpan,
    MetricsDependency,
    RequestId,
    TracerDependency,
)
from fastnfurious.application.dependencies import current_request_id, current_span
from fastnfurious.core.errors import SettingsError
from fastnfurious.metrics.integration import Metrics
from tests.application.observed import Observed


def test_nothing_is_read_or_opened_when_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong setting stops a service when it starts, not when somebody imports it."""
    monkeypatch.setenv("ENVIRONMENT", "moon")
    app = FastNFuriousAPI()
    app.get("/")(lambda: None)
    with pytest.raises(SettingsError, match="ENVIRONMENT='moon'"), TestClient(app):
        pass


def test_settings_of_the_service_are_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service hands in its own class; its object is the same ever after."""

    class ShopSettings(FastNFuriousSettings):
        currency: str = "EUR"

    monkeypatch.setenv("CURRENCY", "CHF")
    app = FastNFuriousAPI(settings=ShopSettings)
    assert app.settings is app.settings
    assert isinstance(app.settings, ShopSettings) and app.settings.currency == "CHF"


def test_settings_may_be_given_ready_made() -> None:
    """A test hands in the object itself."""
    settings = FastNFuriousSettings(service_name="shop")
    assert FastNFuriousAPI(settings=settings).settings is settings


def test_the_lifespan_of_the_user_runs_inside_ours() -> None:
    """When the user's start-up code runs everything is open, when its end runs still is."""
    seen: list[Any] = []

    @asynccontextmanager
    async def lifespan(app: FastNFuriousAPI) -> AsyncIterator[dict[str, str]]:
        seen.append(("start", app.lifecycle.state.value))
        yield {"shared": "state"}
        seen.append(("end", app.lifecycle.state.value))

    app = FastNFuriousAPI(lifespan=lifespan)
    with TestClient(app) as client:
        assert client.app_state == {"shared": "state"}
        seen.append(("running", app.lifecycle.state.value))
    assert seen == [("start", "starting"), ("running", "ready"), ("end", "draining")]
    assert app.lifecycle.state.value == "stopped"


def test_startup_and_shutdown_handlers_run() -> None:
    """The older way works too."""
    seen: list[str] = []
    app = FastNFuriousAPI(
        on_startup=[lambda: seen.append("up")], on_shutdown=[lambda: seen.append("down")]
    )
    with TestClient(app):
        assert seen == ["up"]
    assert seen == ["up", "down"]


def test_an_application_can_be_started_again() -> None:
    """A test-suite starts one application many times."""
    app = FastNFuriousAPI()
    for _ in range(3):
        with TestClient(app) as client:
            assert client.get("/health/ready").status_code == 200


def test_a_startup_that_fails_closes_what_was_opened() -> None:
    """The service does not come up, and is not ready afterwards."""

    async def fails() -> None:
        raise RuntimeError("no disk")

    app = FastNFuriousAPI(on_startup=[fails])
    with pytest.raises(RuntimeError, match="no disk"), TestClient(app):
        pass
    assert app.lifecycle.state.value == "stopped"


def test_middleware_may_be_added_after_the_routes() -> None:
    """Until the first request an application takes middleware; ours stays outermost."""
    app = FastNFuriousAPI()
    app.get("/")(lambda: "answer")

    class Fails:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                raise RuntimeError("in the middleware")
            await self.app(scope, receive, send)

    app.add_middleware(Fails)
    with Observed(app) as run:
        answer = run.client.get("/")
        assert answer.json()["status"] == 500
        assert len(run.logs.find_all(exception=RuntimeError)) == 1
        with pytest.raises(RuntimeError, match="after an application has started"):
            app.add_middleware(Fails)


def test_the_openapi_document_is_fastapis_without_problem_details() -> None:
    """Nothing of ours is in it, management routes included."""

    def build(kind: type[FastAPI], **options: Any) -> FastAPI:
        app = kind(title="Shop", **options)

        @app.get("/items/{item_id}")
        async def item(item_id: int) -> int:
            return item_id

        return app

    ours = build(FastNFuriousAPI, problem_details=False)
    with TestClient(ours) as client:
        assert client.get("/openapi.json").json() == build(FastAPI).openapi()


def test_it_can_be_copied_like_fastapi() -> None:
    """A shallow copy is an application of its own class, and unknown attributes are errors."""
    app = copy.copy(FastNFuriousAPI(title="Shop"))
    assert app.title == "Shop"
    with pytest.raises(AttributeError, match="'FastNFuriousAPI' object has no attribute 'colour'"):
        getattr(app, "colour")
    assert not hasattr(FastNFuriousAPI.__new__(FastNFuriousAPI), "colour")


def test_attributes_of_ours_may_be_shadowed() -> None:
    """An application that has always had an attribute called metrics goes on to have it."""
    app = FastNFuriousAPI()
    mine: Any = object()
    app.metrics = mine
    assert app.metrics is mine


def test_handlers_get_what_they_annotate() -> None:
    """A router that cannot import the application asks by annotation."""
    router = APIRouter()

    @router.get("/")
    async def handler(
        span: CurrentSpan, tracer: TracerDependency, metrics: MetricsDependency, id: RequestId
    ) -> list[str | bool | None]:
        with tracer.create_child_span("child") as child:
            return [span.trace_id, child.trace_id, isinstance(metrics, Metrics), id]

    app, plain = FastNFuriousAPI(), FastAPI()
    app.include_router(router, prefix="/included")
    plain.include_router(router)
    app.mount("/mounted", plain)
    with Observed(app) as run:
        for path in ("/included/", "/mounted/"):
            span_id, child_id, is_metrics, id = run.client.get(
                path, headers={"X-Request-ID": "r"}
            ).json()
            assert (span_id, is_metrics, id) == (child_id, True, "r")


def test_handlers_get_the_application() -> None:
    """A router that cannot import it has all that it gives, also over a websocket."""
    router = APIRouter()

    @router.get("/")
    async def title(app: CurrentApp) -> str:
        return app.title

    @router.websocket("/")
    async def tell(websocket: WebSocket, app: CurrentApp) -> None:
        await websocket.accept()
        await websocket.send_text(app.title)

    app = FastNFuriousAPI(title="Shop")
    app.include_router(router)
    with TestClient(app) as client, client.websocket_connect("/") as websocket:
        assert client.get("/").json() == websocket.receive_text() == "Shop"


def test_dependencies_can_be_overridden() -> None:
    """The functions behind the annotations are stable."""
    app = FastNFuriousAPI()

    @app.get("/")
    async def handler(id: RequestId, span: Annotated[Any, Depends(current_span)]) -> list[Any]:
        return [id, span]

    app.dependency_overrides[current_request_id] = lambda: "frozen"
    app.dependency_overrides[current_span] = lambda: "double"
    with TestClient(app) as client:
        assert client.get("/").json() == ["frozen", "double"]


def test_a_dependency_outside_our_application_says_so() -> None:
    """In a plain FastAPI there is nothing to give."""
    plain = FastAPI()

    @plain.get("/")
    async def handler(tracer: TracerDependency) -> None: ...

    with pytest.raises(ValueError, match="mount it in one"):
        TestClient(plain).get("/")


def test_importing_the_class_imports_no_driver() -> None:
    """Exporters, data frames and databases are imported when they are needed."""
    unwanted = ["pandas", "sqlalchemy", "nats", "minio", "opentelemetry.exporter"]
    script = (
        "import sys, fastnfurious; fastnfurious.FastNFuriousAPI()\n"
        f"print([name for name in {unwanted} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
