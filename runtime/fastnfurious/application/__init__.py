"""The application: FastAPI with everything that a service in production needs, switched on.

Example:
    >>> from fastnfurious.application import FastNFuriousAPI, RequestId
    >>> app = FastNFuriousAPI()
    >>> @app.get("/")
    ... async def home(request_id: RequestId) -> str | None:
    ...     return request_id
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastnfurious.core.lazy import lazy_names

if TYPE_CHECKING:
    from fastnfurious.application.app import FastNFuriousAPI as FastNFuriousAPI
    from fastnfurious.application.dependencies import CurrentApp as CurrentApp
    from fastnfurious.application.dependencies import CurrentSpan as CurrentSpan
    from fastnfurious.application.dependencies import MetricsDependency as MetricsDependency
    from fastnfurious.application.dependencies import RequestId as RequestId
    from fastnfurious.application.dependencies import TracerDependency as TracerDependency
    from fastnfurious.application.exceptions import HTTPException as HTTPException
    from fastnfurious.application.lifecycle import Lifecycle as Lifecycle
    from fastnfurious.application.lifecycle import LifecycleState as LifecycleState
    from fastnfurious.application.routes import management_app as management_app
else:
    __getattr__, __all__ = lazy_names(
        __name__,
        {
            "CurrentApp": "fastnfurious.application.dependencies",
            "CurrentSpan": "fastnfurious.application.dependencies",
            "FastNFuriousAPI": "fastnfurious.application.app",
            "HTTPException": "fastnfurious.application.exceptions",
            "Lifecycle": "fastnfurious.application.lifecycle",
            "LifecycleState": "fastnfurious.application.lifecycle",
            "MetricsDependency": "fastnfurious.application.dependencies",
            "RequestId": "fastnfurious.application.dependencies",
            "TracerDependency": "fastnfurious.application.dependencies",
            "management_app": "fastnfurious.application.routes",
        },
    )
