"""Websockets that send what HTTP endpoints may return: pydantic models, dataclasses, dates."""

from __future__ import annotations

from typing import Any

from fastapi import routing
from pydantic_core import to_jsonable_python
from starlette.websockets import WebSocket

__all__ = ["ModelWebSocket", "send_models"]

# FastAPI does not say which class it takes for the websockets that it hands to endpoints.
internals: Any = routing


class ModelWebSocket(WebSocket):
    """Send models as JSON; in everything else it is Starlette's websocket."""

    async def send_json(self, data: Any, mode: str = "text") -> None:
        """Send a value as JSON.

        Args:
            data: Anything that pydantic can turn into JSON.
            mode: ``text`` or ``binary``, the kind of frame.

        Raises:
            PydanticSerializationError: The value has no JSON form.
        """
        await super().send_json(to_jsonable_python(data), mode)


def send_models() -> None:
    """Let every websocket endpoint of FastAPI in this process send models."""
    if getattr(internals, "WebSocket", None) is WebSocket:
        internals.WebSocket = ModelWebSocket
