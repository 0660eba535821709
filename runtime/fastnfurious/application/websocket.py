"""Websockets that send what HTTP endpoints may return: pydantic models, dataclasses, dates."""

from __future__ import annotations

from typing import Any

from fastapi import routing
from pydantic_core import to_jsonable_python
from starlette.websockets import WebSocket

from fastnfurious.core.context import APPLICATION_KEY

__all__ = ["ModelWebSocket", "send_models"]

# FastAPI makes the websockets of endpoints from a name of its module `routing`, and there is no
# other place to say which class it takes. That name is one for the process, so the class below is
# Starlette's in every way for applications that are not ours.
internals: Any = routing


class ModelWebSocket(WebSocket):
    """Send models as JSON in our applications; in everything else it is Starlette's websocket."""

    async def send_json(self, data: Any, mode: str = "text") -> None:
        """Send a value as JSON.

        Args:
            data: Anything that pydantic can turn into JSON; in an application that is not ours,
                what `json.dumps` takes.
            mode: ``text`` or ``binary``, the kind of frame.

        Raises:
            PydanticSerializationError: The value has no JSON form.
            TypeError: The same, in an application that is not ours.
        """
        ours = APPLICATION_KEY in self.scope
        await super().send_json(to_jsonable_python(data) if ours else data, mode)


def send_models() -> None:
    """Let every websocket endpoint of FastAPI in this process send models."""
    if getattr(internals, "WebSocket", None) is WebSocket:
        internals.WebSocket = ModelWebSocket
