"""What embedded stand-ins show to browsers: a login page, a file behind a signed address."""

from __future__ import annotations

from fastapi.routing import APIRouter
from starlette.exceptions import HTTPException
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from fastnfurious.application.wiring import Integrations
from fastnfurious.core.settings import Environment

__all__ = ["EMBEDDED_PREFIX", "add_embedded_routes"]

EMBEDDED_PREFIX = "/.embedded"
"""Below it each embedded stand-in is served under its name."""


def add_embedded_routes(
    router: APIRouter, integrations: Integrations, environment: Environment
) -> None:
    """Serve the embedded stand-ins of an application, in development and test alone.

    Nothing is loaded until one of them is asked for.
    """
    if environment not in (Environment.DEVELOPMENT, Environment.TEST) or not list(integrations):
        return
    router.routes.insert(0, Mount(EMBEDDED_PREFIX, _StandIns(integrations)))
    router._mark_routes_changed()


class _StandIns:
    """Hand a request to the stand-in that its path names."""

    def __init__(self, integrations: Integrations) -> None:
        self._integrations = integrations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or with 404 if no stand-in of that name shows anything."""
        root = scope["root_path"]
        name = scope["path"].removeprefix(root).strip("/").partition("/")[0]
        served = self._integrations.get(name).served if name in list(self._integrations) else None
        if served is None or scope["type"] != "http":
            raise HTTPException(404)
        # Starlette makes absolute addresses from the second of these.
        here = {"root_path": f"{root}/{name}", "app_root_path": f"{root}/{name}"}
        await served({**scope, **here}, receive, send)
