"""The application class."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.exception_handlers import (
    http_exception_handler,
    request_validation_exception_handler,
    websocket_request_validation_exception_handler,
)
from fastapi.routing import iter_route_contexts
from fastapi.telemetry import TelemetryConfig
from starlette.types import ASGIApp, Receive, Scope, Send

from fastnfurious.application.embedded_routes import add_embedded_routes
from fastnfurious.application.lifecycle import Lifecycle
from fastnfurious.application.middleware import ObservingMiddleware
from fastnfurious.application.offline_docs import serve_docs_offline
from fastnfurious.application.problem_handlers import problem_handlers
from fastnfurious.application.problem_schema import document_problems
from fastnfurious.application.routes import add_management_routes
from fastnfurious.application.routing import index_routes
from fastnfurious.application.security_schema import document_security
from fastnfurious.application.websocket import send_models
from fastnfurious.application.wiring import Integrations
from fastnfurious.core.clock import Clock
from fastnfurious.core.health import Health, HealthSettings
from fastnfurious.core.identifiers import IdentifierFactory, new_identifier
from fastnfurious.core.lifespan import Lifespan
from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.logs.integration import Logs
from fastnfurious.logs.settings import LogSettings
from fastnfurious.metrics.integration import Metrics
from fastnfurious.metrics.settings import MetricsSettings
from fastnfurious.tracing.integration import Tracing
from fastnfurious.tracing.settings import TracingSettings
from fastnfurious.tracing.span import Span
from fastnfurious.tracing.tracer import Tracer

if TYPE_CHECKING:
    from fastnfurious.nats.messaging import NatsClient
    from fastnfurious.oidc.client import OidcClient
    from fastnfurious.s3.contract import ObjectStorage
    from fastnfurious.sql.client import SqlClient

__all__ = ["FastNFuriousAPI"]

# Two observers would count everything twice.
_FASTAPI_TELEMETRY_OFF: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
_FASTAPI_HANDLERS = frozenset(
    {
        http_exception_handler,
        request_validation_exception_handler,
        websocket_request_validation_exception_handler,
    }
)


class FastNFuriousAPI(FastAPI):
    """Serve an API with logs, traces, metrics, health and problem details switched on.

    Everything that FastAPI can do still works; every argument of FastAPI is accepted. Nothing is
    read from the environment and nothing is opened before the application starts or answers its
    first request.

    ``app.<name>`` gives the resource of an integration. A type checker knows those of our own; the
    type of a third party's is said in a subclass: ``class Shop(FastNFuriousAPI): mail: Mailbox``.

    Args:
        settings: The service's settings, or the class to load them from when they are first needed.
        integrations: Narrow the integrations to these and open them at start-up; by default all
            that are installed can be used.
        problem_details: Answer errors as RFC 9457 problem details; ``False`` keeps FastAPI's own
            error bodies, for an API whose clients depend on them.
        clock: Tells the time; a test hands in one that stands still.
        identifiers: Makes request ids; a test hands in one that counts.
        **options: Passed on to FastAPI.

    Attributes:
        lifecycle: Where the application is between start and stop.
        identifiers: What makes request ids; may be exchanged at any time.
        problem_details: Whether errors are answered as problem details.
        integrations: The integrations, by name; ``app.<name>`` gives the resource of one.

    Example:
        >>> app = FastNFuriousAPI(title="Demo application")
        >>> app.lifecycle.state.value
        'starting'
    """

    def __init__(
        self,
        *,
        settings: FastNFuriousSettings | type[FastNFuriousSettings] = FastNFuriousSettings,
        integrations: Iterable[str] | None = None,
        problem_details: bool = True,
        clock: Clock | None = None,
        identifiers: IdentifierFactory = new_identifier,
        **options: Any,
    ) -> None:
        self._settings = settings
        self.integrations: Integrations = Integrations(self, integrations)
        self.problem_details = problem_details
        self._clock = clock
        self.identifiers = identifiers
        self.lifecycle = Lifecycle(self.integrations.drain)
        self._observes_alone = options.get("telemetry") is None
        if self._observes_alone:
            options["telemetry"] = _FASTAPI_TELEMETRY_OFF
        super().__init__(**options)
        self._own_lifespan = self.router.lifespan_context
        self.router.lifespan_context = self._lifespan
        index_routes(self.router)
        send_models()

    @cached_property
    def settings(self) -> FastNFuriousSettings:
        """Return the service's settings, loaded at the first use.

        Raises:
            SettingsError: A variable is missing or malformed.
        """
        return self._settings.load() if isinstance(self._settings, type) else self._settings

    @cached_property
    def logs(self) -> Logs:
        """Return what formats and writes the logs; it takes them over when the service starts."""
        return Logs(LogSettings.load(), self.settings, clock=self._clock)

    @cached_property
    def tracing(self) -> Tracing:
        """Return what records and exports spans."""
        return Tracing(TracingSettings.load(), self.settings)

    @property
    def tracer(self) -> Tracer:
        """Return the tracer, for spans of your own."""
        return self.tracing.tracer

    @property
    def current_span(self) -> Span:
        """Return the span of what is running now, normally the request."""
        return self.tracing.tracer.current_span

    @cached_property
    def metrics(self) -> Metrics:
        """Return the metrics: those that are built in, and what makes your own."""
        return Metrics(MetricsSettings.load(), self.settings)

    @cached_property
    def health(self) -> Health:
        """Return the health checks; ``@app.health.check()`` adds one."""
        return Health(HealthSettings.load(), self._clock)

    if TYPE_CHECKING:
        db: SqlClient
        nats: NatsClient
        oidc: OidcClient
        s3: ObjectStorage

        def create_nats_client(self) -> NatsClient:
            """Return a further client of NATS, for an ``async with`` block."""

        # A `Depends` is the default of a parameter whose annotation is what it gives.
        current_user: Any
        optional_user: Any

        def require(
            self, *, roles: Iterable[str] | str = (), scopes: Iterable[str] | str = ()
        ) -> Any:
            """Return a dependency that lets only users through who have all of these."""

    else:
        # A type checker would take every misspelt attribute for an integration.

        def __getattr__(self, name: str) -> Any:
            """Return what an integration gives, such as ``app.nats``."""
            # Not `self.integrations`: whoever copies an application asks before it is there.
            integrations = self.__dict__.get("integrations")
            if integrations is not None and not name.startswith("_"):
                if name in integrations:
                    return integrations.get(name).resource
                if integrations.gives(name):
                    return integrations.attribute(name)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def swagger_ui_init_oauth(self) -> dict[str, Any] | None:
        """Return how the docs' Authorize button asks for a token; integrations may know it."""
        if self._sign_in is None and self.openapi_url:
            self.openapi()
        return self._sign_in

    @swagger_ui_init_oauth.setter
    def swagger_ui_init_oauth(self, options: dict[str, Any] | None) -> None:
        self._sign_in = options

    def setup(self) -> None:
        """Add the routes of the OpenAPI document and its pages."""
        super().setup()
        serve_docs_offline(self)

    def build_middleware_stack(self) -> ASGIApp:
        """Return FastAPI's stack inside the middleware that observes every request."""
        add_management_routes(self)
        add_embedded_routes(self.router, self.integrations, self.settings.environment)
        self._share_with_mounted()
        if self.problem_details:
            self._answer_with_problems()
        inner = super().build_middleware_stack()
        return ObservingMiddleware(inner, self, alone=self._observes_alone)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, by the shortest way while FastAPI has nothing to add to it."""
        stack = self.middleware_stack
        if stack is None or self.root_path or not self._observes_alone:
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        await stack(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, in which errors are the problems that are really sent."""
        known = self.openapi_schema
        schema = super().openapi()
        if schema is not known:
            self._sign_in = self._sign_in or document_security(self.integrations, schema)
            if self.problem_details:
                document_problems(schema)
        return schema

    def _answer_with_problems(self) -> None:
        """Fill in problem handlers, except where the application has handlers of its own."""
        for raised, handler in problem_handlers().items():
            present = self.exception_handlers.get(raised)
            if present in _FASTAPI_HANDLERS:
                self.exception_handlers[raised] = handler
            elif raised is not Exception or 500 not in self.exception_handlers:
                self.exception_handlers.setdefault(raised, handler)

    def _share_with_mounted(self) -> None:
        """Let applications of ours that are mounted in this one use its parts.

        Nobody starts a mounted application, so parts of its own would never be opened.
        """
        for route in iter_route_contexts(self.routes):
            mounted = getattr(route, "app", None)
            if isinstance(mounted, FastNFuriousAPI) and mounted.lifecycle is not self.lifecycle:
                mounted.logs, mounted.tracing = self.logs, self.tracing
                mounted.lifecycle = self.lifecycle
                mounted.__dict__.setdefault("metrics", self.metrics)
                if mounted.integrations.is_untouched:
                    mounted.integrations = self.integrations

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[Any]:
        self.lifecycle.starting()
        try:
            self.logs.redact(self.tracing.settings, *self.tracing.settings.credentials)
            parts = (self.logs, self.tracing, self.metrics, self.integrations)
            async with Lifespan(parts), self._own_lifespan(app) as state:
                self.lifecycle.ready()
                try:
                    yield state
                finally:
                    await self.lifecycle.drain()
        finally:
            self.lifecycle.stopped()
