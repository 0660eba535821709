"""Asking an issuer over HTTP; driver errors become ours here.

| Raised by the driver | Ours |
| --- | --- |
| `httpx.TimeoutException` | `OperationTimeout` |
| any other `httpx.HTTPError`, a status but 200, no JSON | `ResourceUnavailable` |
| status 404 | `ResourceNotFound` |
| status 400, 401, 403 of the token endpoint | `NotAuthenticated` |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from fastnfurious.core.errors import (
    NotAuthenticated,
    OperationTimeout,
    ResourceNotFound,
    ResourceUnavailable,
)

__all__ = ["HttpTransport"]

_LONGEST_DOCUMENT = 1_000_000


class HttpTransport:
    """Ask an issuer over HTTP.

    Args:
        timeout: Seconds that an answer may take.
        app: The issuer itself, if it is in the process; otherwise the network is used.
        path: Where that issuer believes to be served.
    """

    def __init__(self, *, timeout: float, app: Any = None, path: str = "") -> None:
        transport = None if app is None else httpx.ASGITransport(app, root_path=path)
        self._http = httpx.AsyncClient(timeout=timeout, transport=transport)

    async def get(self, url: str) -> dict[str, Any]:
        """Return a JSON document; see `IssuerTransport.get`."""
        answer = await self._send(self._http.build_request("GET", url))
        return _document(answer)

    async def post(self, url: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Send a form and return the JSON answer; see `IssuerTransport.post`."""
        answer = await self._send(self._http.build_request("POST", url, data=dict(form)))
        if answer.status_code in (400, 401, 403):
            raise NotAuthenticated(f"The issuer refused: {_oauth_error(answer)}")
        return _document(answer)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            answer = await self._http.send(request)
        except httpx.TimeoutException:
            raise OperationTimeout(f"The issuer did not answer in time at {request.url}") from None
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise ResourceUnavailable(f"The issuer is away at {request.url}: {reason}") from None
        if answer.status_code == 404:
            raise ResourceNotFound(f"The issuer has nothing at {request.url}")
        return answer


def _document(answer: httpx.Response) -> dict[str, Any]:
    where = answer.request.url
    if answer.status_code != 200:
        raise ResourceUnavailable(f"The issuer answered {answer.status_code} at {where}")
    if len(answer.content) > _LONGEST_DOCUMENT:
        raise ResourceUnavailable(f"The issuer's answer at {where} is too long")
    try:
        document = answer.json()
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ResourceUnavailable(f"The issuer's answer at {where} is not a JSON object")
    return document


def _oauth_error(answer: httpx.Response) -> str:
    try:
        document = answer.json()
        return str(document.get("error_description") or document["error"])[:200]
    except (ValueError, KeyError, AttributeError):
        return f"status {answer.status_code}"
