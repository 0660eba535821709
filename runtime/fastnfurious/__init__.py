"""The library that a FastNFurious service runs on.

Example:
    >>> from fastnfurious import FastNFuriousAPI
    >>> app = FastNFuriousAPI(title="Demo application")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastnfurious.core.lazy import lazy_names

__version__ = "0.1.0"

if TYPE_CHECKING:
    from fastnfurious.application.app import FastNFuriousAPI as FastNFuriousAPI
    from fastnfurious.application.exceptions import HTTPException as HTTPException
    from fastnfurious.core.settings import FastNFuriousSettings as FastNFuriousSettings
    from fastnfurious.services.nats_service import NatsService as NatsService
else:
    __getattr__, __all__ = lazy_names(
        __name__,
        {
            "FastNFuriousAPI": "fastnfurious.application.app",
            "FastNFuriousSettings": "fastnfurious.core.settings",
            "HTTPException": "fastnfurious.application.exceptions",
            "NatsService": "fastnfurious.services.nats_service",
        },
    )
