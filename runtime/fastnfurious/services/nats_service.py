"""A service over NATS that is deployed by itself, with all that an HTTP service has around it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.nats.endpoint import DEFAULT_QUEUE
from fastnfurious.nats.service import MicroService

if TYPE_CHECKING:
    from fastnfurious.application.app import FastNFuriousAPI
    from fastnfurious.application.lifecycle import Lifecycle
    from fastnfurious.application.wiring import Integrations
    from fastnfurious.core.health import Health
    from fastnfurious.logs.integration import Logs
    from fastnfurious.metrics.integration import Metrics
    from fastnfurious.nats.messaging import NatsClient
    from fastnfurious.oidc.client import OidcClient
    from fastnfurious.s3.contract import ObjectStorage
    from fastnfurious.sql.client import SqlClient
    from fastnfurious.tracing.integration import Tracing
    from fastnfurious.tracing.span import Span
    from fastnfurious.tracing.tracer import Tracer

__all__ = ["NatsService"]

_PARTS = frozenset(
    {
        "current_span",
        "health",
        "integrations",
        "lifecycle",
        "logs",
        "metrics",
        "settings",
        "tracer",
        "tracing",
    }
)


class NatsService(MicroService):
    """Answer requests and follow messages, in a process of its own or in an application's.

    By itself it has logs, traces, metrics, health and integrations like an HTTP service, and the
    same command line: `run` it from a script, or name it to ``command`` as ``module:service``. Its
    HTTP port serves health, metrics and log levels, nothing else. In an application, ``join`` puts
    it on the application's client.

    ``service.<name>`` gives the resource of an integration, ``service.nats`` among them.

    Args:
        name: Name of the service: letters, digits, ``-`` and ``_``.
        version: Its semantic version.
        description: What it does, in a sentence.
        metadata: What else is told about it.
        queue: Group in which one instance gets each request.
        settings: Its settings, or the class to load them from; by default what every service has,
            named after the service.
        lifespan: Opens what the handlers need before the first message, and closes it after the
            last: a function of the service that gives an async context manager.

    Raises:
        ConfigurationError: The name or the version is none.

    Example:
        >>> service = NatsService("inventory", version="1.0.0")
        >>> @service.reply("stock.get")
        ... async def get_stock(item: int) -> int:
        ...     return item * 2
        >>> service.app.title
        'inventory'
    """

    def __init__(
        self,
        name: str,
        *,
        version: str,
        description: str = "",
        metadata: Mapping[str, str] | None = None,
        queue: str = DEFAULT_QUEUE,
        settings: FastNFuriousSettings | type[FastNFuriousSettings] = FastNFuriousSettings,
        lifespan: Callable[[NatsService], AbstractAsyncContextManager[None]] | None = None,
    ) -> None:
        super().__init__(
            name, version=version, description=description, metadata=metadata, queue=queue
        )
        self._settings = settings
        self._lifespan = lifespan

    @cached_property
    def app(self) -> FastNFuriousAPI:
        """Return the application around it, whose routes are those for who runs the service."""
        from fastnfurious.application.app import FastNFuriousAPI

        app = FastNFuriousAPI(
            title=self.name,
            version=self.version,
            description=self.description,
            settings=_named(self._settings, self.name, self.version),
            lifespan=self._serving,
            docs_url=None,
            redoc_url=None,
            openapi_url=None,
        )
        app.integrations.when_loaded("nats", self._join_own)
        return app

    def run(self, arguments: Sequence[str] | None = None) -> None:
        """Serve until SIGINT or SIGTERM, then finish the requests in hand and end the process.

        The script takes the words of a service's command: ``python inventory.py check``.

        Args:
            arguments: Those words; by default the process's own, or ``start`` when there are none.
        """
        from fastnfurious.cli.entry import command

        words = sys.argv[1:] if arguments is None else arguments
        command(self._target(), name=self.name, arguments=words or ["start"])()

    def _target(self) -> str:
        """Return where other processes find the service: workers, and a reloader's."""
        script = sys.modules["__main__"]
        names = [name for name, value in vars(script).items() if value is self]
        if not names:
            names = ["_service"]
            setattr(script, names[0], self)
        return f"__main__:{names[0]}"

    @asynccontextmanager
    async def _serving(self, app: Any) -> AsyncIterator[None]:
        lifespan = nullcontext() if self._lifespan is None else self._lifespan(self)
        async with lifespan:
            # When nothing has asked for it by now, it is loaded and joined here.
            await self.app.integrations.get("nats").open()
            await self.start()
            yield

    def _join_own(self, integration: Any) -> None:
        # Not started by the client's opening, so that the lifespan comes first.
        self.join(integration.resource, start=False)

    if TYPE_CHECKING:
        settings: FastNFuriousSettings
        logs: Logs
        tracing: Tracing
        tracer: Tracer
        current_span: Span
        metrics: Metrics
        health: Health
        lifecycle: Lifecycle
        integrations: Integrations
        nats: NatsClient
        oidc: OidcClient
        s3: ObjectStorage
        db: SqlClient

        def create_nats_client(self) -> NatsClient:
            """Return a further client of NATS, for an ``async with`` block."""

    else:
        # A type checker would take every misspelt attribute for an integration.

        def __getattr__(self, name: str) -> Any:
            """Return a part of the application around it, or what an integration gives."""
            if not name.startswith("_"):
                app = self.app
                integrations = app.integrations
                if name in _PARTS or name in integrations or integrations.gives(name):
                    return getattr(app, name)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def _named(
    settings: FastNFuriousSettings | type[FastNFuriousSettings], name: str, version: str
) -> FastNFuriousSettings | type[FastNFuriousSettings]:
    """Return the settings, called after the service unless they say otherwise themselves."""
    if settings is not FastNFuriousSettings:
        return settings
    given = {"service_name": name, "service_version": version}
    own: dict[str, Any] = {"__module__": __name__, "__doc__": settings.__doc__}
    own["__annotations__"] = dict.fromkeys(given, str)
    for field, default in given.items():
        own[field] = copy(settings.model_fields[field])
        own[field].default = default
    return type(settings.__name__, (settings,), own)
