"""The exception that a handler raises to answer with an HTTP error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import fastapi

__all__ = ["HTTPException"]


class HTTPException(fastapi.HTTPException):
    """Answer with an HTTP error: as problem details, or in a media type of your own.

    Args:
        status_code: HTTP status, 400 to 599.
        detail: What went wrong, for the client.
        headers: Headers to add to the answer.
        media_type: Send ``detail`` as it is, under this type, in place of problem details.

    Example:
        >>> HTTPException(500, "no stock", media_type="text/plain").media_type
        'text/plain'
    """

    def __init__(
        self,
        status_code: int,
        detail: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        media_type: str | None = None,
    ) -> None:
        super().__init__(status_code, detail, headers)
        self.media_type = media_type
