"""The client of an issuer: discovery, keys, tokens; driver errors become ours here.

| Raised by the driver | Ours |
| --- | --- |
| `httpx.TimeoutException` | `OperationTimeout` |
| any other `httpx.HTTPError`, a status but 200, no JSON | `ResourceUnavailable` |
| status 404 | `ResourceNotFound` |
| status 400, 401, 403 of the token endpoint | `NotAuthenticated` |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from fastnfurious.core.clock import Clock, SystemClock
from fastnfurious.core.errors import (
    NotAuthenticated,
    OperationTimeout,
    ResourceNotFound,
    ResourceUnavailable,
)
from fastnfurious.oidc.contract import DISCOVERY_PATH, Endpoints, IssuerTransport, issuer_fault
from fastnfurious.oidc.keys import IssuerKeys
from fastnfurious.oidc.settings import OidcSettings
from fastnfurious.oidc.user import UserClaims
from fastnfurious.oidc.verifier import TokenVerifier, TrustRules

__all__ = ["HttpTransport", "OidcClient"]

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


class OidcClient:
    """Verify tokens of one issuer.

    Args:
        settings: Which tokens are believed.
        issuer: Address of the issuer, as its tokens name it.
        transport: What asks the issuer.
        clock: Tells the time.

    Attributes:
        issuer: Address of the issuer, as its tokens name it.
        discovery_url: Where the issuer describes itself.
        fault: What is wrong with the settings, as the issuer's own description showed.
    """

    def __init__(
        self,
        settings: OidcSettings,
        issuer: str,
        transport: IssuerTransport,
        *,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or SystemClock()
        self.issuer = issuer
        self._transport = transport
        self._endpoints: Endpoints | None = None
        self.discovery_url = issuer.rstrip("/") + DISCOVERY_PATH
        self.fault: str | None = None
        self._keys = IssuerKeys(
            self._fetch_keys,
            clock=clock,
            pause=settings.unknown_key_seconds,
            max_age=settings.keys_seconds,
            changed=lambda: self._verifier.forget(),
        )
        self._verifier = TokenVerifier(
            TrustRules.from_settings(settings, issuer),
            self._keys,
            clock=clock,
            remember=settings.cache_seconds,
            room=settings.cache_size,
        )

    @property
    def known_endpoints(self) -> Endpoints | None:
        """Return where the issuer answers what, if it has been asked."""
        return self._endpoints

    def recall(self, token: str) -> UserClaims | None:
        """Return the user of a token that was verified a moment ago."""
        return self._verifier.recall(token)

    async def verify(self, token: str) -> UserClaims:
        """Return the user of a token.

        Raises:
            TokenRefused: The token proves nothing; the reason says why.
            ResourceUnavailable: No key of the issuer is known, and it cannot be reached.
            OperationTimeout: No key of the issuer is known, and it does not answer.
        """
        return await self._verifier.verify(token)

    async def endpoints(self) -> Endpoints:
        """Return where the issuer answers what; it is asked once.

        Raises:
            ResourceUnavailable: The issuer cannot be reached, or describes another one.
            OperationTimeout: It does not answer.
            ResourceNotFound: There is no issuer at that address.
        """
        if self._endpoints is None:
            self._endpoints = await self._discover()
        return self._endpoints

    async def refresh(self) -> None:
        """Fetch the keys now: the issuer is known to have changed them, or its health is asked.

        Raises:
            ResourceUnavailable: The issuer cannot be reached.
            OperationTimeout: It does not answer.
        """
        await self._keys.refresh()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._transport.aclose()

    async def _discover(self) -> Endpoints:
        url = self.discovery_url
        try:
            document = await self._transport.get(url)
            endpoints = Endpoints.from_document(document)
        except ResourceNotFound:
            raise self._misled(f"there is no issuer: {url} does not exist") from None
        except ValueError as error:
            raise self._misled(f"the document at {url} describes no issuer: {error}") from None
        fault = issuer_fault(endpoints, self.issuer)
        if fault is not None:
            raise self._misled(fault)
        self.fault = None
        return endpoints

    def _misled(self, fault: str) -> ResourceUnavailable:
        """Return the error for an address that cannot be right, which waiting does not mend."""
        self.fault = f"OIDC_ISSUER={self.issuer!r} is not accepted: {fault}"
        return ResourceUnavailable(self.fault)

    async def _fetch_keys(self) -> Sequence[Mapping[str, Any]]:
        endpoints = await self.endpoints()
        document = await self._transport.get(endpoints.keys)
        keys = document.get("keys")
        if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
            raise ResourceUnavailable(f"The document at {endpoints.keys} is no key set")
        return keys
