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
from loguru import logger
from opentelemetry.trace import get_tracer

from fastnfurious.core.clock import Clock, SystemClock
from fastnfurious.core.errors import (
    FastNFuriousError,
    NotAuthenticated,
    OperationTimeout,
    ResourceNotFound,
    ResourceUnavailable,
    SettingFault,
    SettingsError,
)
from fastnfurious.core.instruments import Instruments, SilentInstruments
from fastnfurious.oidc.contract import DISCOVERY_PATH, Endpoints, IssuerTransport, issuer_fault
from fastnfurious.oidc.keys import IssuerKeys
from fastnfurious.oidc.refusal import TokenRefused
from fastnfurious.oidc.service_tokens import ServiceAuth, ServiceTokens
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
        instruments: Makes the metrics.

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
        instruments: Instruments | None = None,
    ) -> None:
        clock = clock or SystemClock()
        self.issuer = issuer
        instruments = instruments or SilentInstruments()
        self._refused = instruments.counter(
            "oidc_refused_tokens", "Tokens that were refused, by reason.", labels=["reason"]
        )
        self._fetches = instruments.counter(
            "oidc_key_fetches", "Questions to the issuer for its keys.", labels=["outcome"]
        )
        self._settings = settings
        self._transport = transport
        self._service_tokens = ServiceTokens(self._ask_for_token, clock=clock)
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
            ResourceUnavailable: The key is not known, and the issuer cannot be reached.
            OperationTimeout: The key is not known, and the issuer does not answer.
        """
        try:
            return await self._verifier.verify(token)
        except TokenRefused as error:
            self._refused.labels(error.reason.name.lower()).inc()
            logger.debug("A token was refused: {}", error)
            raise

    def service_auth(self, *scopes: str) -> ServiceAuth:
        """Return what lets an ``httpx.AsyncClient`` call other services as this one.

        Args:
            *scopes: Scopes that the tokens have to have.
        """
        return ServiceAuth(self._service_tokens, scopes)

    async def service_token(self, *scopes: str) -> str:
        """Return a token of this service's own, for a call to another; it is renewed in time.

        Args:
            *scopes: Scopes that the token has to have.

        Raises:
            ConfigurationError: The issuer does not know this service, or its secret is wrong.
            ResourceUnavailable: The issuer cannot be reached, or gives no tokens.
            OperationTimeout: It does not answer.
        """
        return await self._service_tokens.get(scopes)

    async def exchange(self, token: str, *, audience: str) -> str:
        """Return a token of the same user for another service.

        Args:
            token: Token that this service was called with.
            audience: The other service.

        Raises:
            NotAuthenticated: The issuer refuses, for example because the token has expired.
            ResourceUnavailable: The issuer cannot be reached, or gives no tokens.
            OperationTimeout: It does not answer.

        *Source:* RFC 8693, https://www.rfc-editor.org/rfc/rfc8693.html.
        """
        answer = await self._ask_for_token(
            {
                "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
                "subject_token": token,
                "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "audience": audience,
            }
        )
        return str(answer["access_token"])

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
        await self._keys.aclose()
        await self._transport.aclose()

    async def _ask_for_token(self, form: Mapping[str, str]) -> dict[str, Any]:
        settings = self._settings
        missing = [name for name in ("client_id", "client_secret") if not getattr(settings, name)]
        if missing or settings.client_secret is None:
            accepted = "the service needs it to get tokens of its own"
            faults = [SettingFault(settings.variable(name), None, accepted) for name in missing]
            raise SettingsError(faults)
        endpoints = await self.endpoints()
        if endpoints.token is None:
            raise ResourceUnavailable(f"The issuer {self.issuer} gives no tokens")
        secret = settings.client_secret.get_secret_value()
        named = {"client_id": str(settings.client_id), "client_secret": secret}
        return await self._transport.post(endpoints.token, {**form, **named})

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
        with get_tracer(__name__).start_as_current_span("oidc fetch keys"):
            try:
                keys = await self._ask_for_keys()
            except FastNFuriousError:
                self._fetches.labels("failed").inc()
                raise
        self._fetches.labels("succeeded").inc()
        return keys

    async def _ask_for_keys(self) -> Sequence[Mapping[str, Any]]:
        endpoints = await self.endpoints()
        document = await self._transport.get(endpoints.keys)
        keys = document.get("keys")
        if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
            raise ResourceUnavailable(f"The document at {endpoints.keys} is no key set")
        return keys
