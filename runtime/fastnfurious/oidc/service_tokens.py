"""Tokens of the service's own, for calls to other services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from fastnfurious.core.clock import Clock
from fastnfurious.core.errors import ConfigurationError, NotAuthenticated, ResourceUnavailable

__all__ = ["AskForToken", "ServiceAuth", "ServiceTokens"]

AskForToken = Callable[[Mapping[str, str]], Awaitable[dict[str, Any]]]
"""Sends a form to the issuer's token endpoint and returns its answer."""

_RENEWED_AT = 0.8
_SHORTEST = 10.0


@dataclass(frozen=True, slots=True)
class _Kept:
    token: str
    renew_at: float


class ServiceTokens:
    """Keep the service's own tokens and renew them before they end.

    One question to the issuer serves all who wait for the same scopes.

    Args:
        ask: Sends a form to the token endpoint.
        clock: Tells the time.

    *Source:* RFC 6749, section 4.4, https://www.rfc-editor.org/rfc/rfc6749.html#section-4.4.
    """

    def __init__(self, ask: AskForToken, *, clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._asking: dict[str, asyncio.Task[_Kept]] = {}

    async def get(self, scopes: tuple[str, ...] = ()) -> str:
        """Return a token with these scopes, a kept one if it is good for a while.

        Raises:
            ConfigurationError: The issuer does not know this service, or its secret is wrong.
            ResourceUnavailable: The issuer cannot be reached, or gave no token.
            OperationTimeout: It does not answer.
        """
        wanted = " ".join(sorted(scopes))
        kept = self._kept.get(wanted)
        if kept is None or self._clock.monotonic() >= kept.renew_at:
            kept = await asyncio.shield(self._renewal(wanted))
        return kept.token

    def drop(self, token: str) -> None:
        """Forget a token that somebody has refused."""
        self._kept = {key: kept for key, kept in self._kept.items() if kept.token != token}

    def _renewal(self, scope: str) -> asyncio.Task[_Kept]:
        running = self._asking.get(scope)
        if (
            running is None
            or running.done()
            or running.get_loop() is not asyncio.get_running_loop()
        ):
            running = self._asking[scope] = asyncio.create_task(self._renew(scope))
            running.add_done_callback(_retrieve)
        return running

    async def _renew(self, scope: str) -> _Kept:
        form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
        asked_at = self._clock.monotonic()
        try:
            answer = await self._ask(form)
        except NotAuthenticated as error:
            # Not the caller's fault: as a 401 it would be taken for one.
            hint = "correct OIDC_CLIENT_ID and OIDC_CLIENT_SECRET"
            raise ConfigurationError(f"The service gets no token: {error}; {hint}") from None
        token = answer.get("access_token")
        if not isinstance(token, str):
            raise ResourceUnavailable("The issuer's answer has no access_token")
        lifetime = answer.get("expires_in")
        seconds = float(lifetime) if isinstance(lifetime, int | float) else _SHORTEST
        kept = _Kept(token, asked_at + seconds * _RENEWED_AT)
        self._kept[scope] = kept
        return kept


class ServiceAuth(httpx.Auth):
    """Let an ``httpx.AsyncClient`` call other services as this one.

    A token that is refused is dropped, and the request is sent once more with a new one.

    Args:
        tokens: Where the tokens come from.
        scopes: Scopes that the tokens have to have.
    """

    def __init__(self, tokens: ServiceTokens, scopes: tuple[str, ...] = ()) -> None:
        self._tokens = tokens
        self._scopes = scopes

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Add the token to a request; httpx calls this."""
        token = await self._tokens.get(self._scopes)
        request.headers["Authorization"] = f"Bearer {token}"
        answer = yield request
        if answer.status_code == 401:
            self._tokens.drop(token)
            token = await self._tokens.get(self._scopes)
            request.headers["Authorization"] = f"Bearer {token}"
            yield request

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Refuse: a client that is not async would block the event loop.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError("Tokens of the service need an httpx.AsyncClient")


def _retrieve(task: asyncio.Task[_Kept]) -> None:
    """Look at an outcome that nobody waits for any more, so that asyncio is content."""
    if not task.cancelled():
        task.exception()
