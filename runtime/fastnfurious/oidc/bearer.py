"""Finding the token in a request, and telling OpenAPI that there is to be one."""

from __future__ import annotations

from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

__all__ = ["BEARER_SUBPROTOCOL", "BearerToken", "bearer_token"]

BEARER_SUBPROTOCOL = "bearer"
"""What a browser offers before its token when it opens a websocket; accept it as the protocol."""


class BearerToken(SecurityBase):
    """Give a handler the token of a request, unverified; ``None`` if it has none.

    A browser cannot set the header of a websocket, so there the token may also come as the protocol
    after ``bearer``: ``new WebSocket(url, ["bearer", token])``.
    """

    def __init__(self) -> None:
        self.model = HTTPBearerModel(bearerFormat="JWT")
        self.scheme_name = "oidc"

    async def __call__(self, connection: HTTPConnection) -> str | None:
        """Return the token."""
        values = connection.headers.getlist("authorization")
        if len(values) == 1:
            scheme, _, token = values[0].partition(" ")
            return token.strip() if scheme.lower() == "bearer" else None
        if values or connection.scope["type"] != "websocket":
            return None
        offered = [
            each.strip()
            for value in connection.headers.getlist("sec-websocket-protocol")
            for each in value.split(",")
        ]
        return offered[1] if len(offered) == 2 and offered[0] == BEARER_SUBPROTOCOL else None


bearer_token = BearerToken()
"""The one that all handlers share, so that it can be overridden."""
