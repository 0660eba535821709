"""Administering a realm of Keycloak: its users, roles and clients; driver errors become ours here.

| Raised by python-keycloak | Ours |
| --- | --- |
| nobody answers in time | `OperationTimeout` |
| nobody answers, status 5xx or none | `ResourceUnavailable` |
| status 401: the service's credentials; 403: its roles | `ConfigurationError` |
| status 404 | `ResourceNotFound` |
| status 400, 409 and other 4xx | `Conflict` |
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

import httpx
from keycloak import KeycloakAdmin, KeycloakOpenIDConnection
from keycloak.exceptions import KeycloakError

from fastnfurious.core.errors import (
    ConfigurationError,
    Conflict,
    FastNFuriousError,
    OperationTimeout,
    ResourceNotFound,
    ResourceUnavailable,
)

__all__ = ["RealmAdministration"]


class RealmAdministration:
    """Call the methods of python-keycloak's `KeycloakAdmin`, as the service and in its realm.

    Every method that it has in an asynchronous form is here under its own name:
    ``await app.oidc.admin.get_users({"username": "alice"})``. Only time limits and errors are ours.

    Args:
        server: Address of Keycloak.
        realm: Name of the realm.
        client_id: The service, whose service account needs roles of ``realm-management``.
        client_secret: Its secret.
        timeout: Seconds that an answer may take.

    *Source:* https://python-keycloak.readthedocs.io/en/latest/reference/keycloak/index.html.
    """

    def __init__(
        self, server: str, realm: str, *, client_id: str, client_secret: str, timeout: float
    ) -> None:
        self._connect = partial(
            KeycloakOpenIDConnection,
            server_url=server,
            realm_name=realm,
            client_id=client_id,
            client_secret_key=client_secret,
            grant_type="client_credentials",
            # It only hands it to httpx, which takes parts of a second.
            timeout=cast("int", timeout),
        )
        self._opening = asyncio.Lock()
        self._admin: KeycloakAdmin | None = None

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        """Return a method of the administration client.

        Raises:
            AttributeError: It has no such method, or none that is asynchronous.
        """
        method = f"a_{name.removeprefix('a_')}"
        if name.startswith("_") or not hasattr(KeycloakAdmin, method):
            raise AttributeError(f"python-keycloak's KeycloakAdmin has no method {method!r}")
        return partial(self._call, method)

    async def _call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        admin = await self._open()
        try:
            return await getattr(admin, method)(*args, **kwargs)
        except KeycloakError as error:
            raise _translated(error, method.removeprefix("a_")) from None

    async def _open(self) -> KeycloakAdmin:
        async with self._opening:
            if self._admin is None:
                # In a thread: it reads the certificates that are trusted, twice.
                self._admin = await asyncio.to_thread(self._connected)
        return self._admin

    def _connected(self) -> KeycloakAdmin:
        connection = self._connect()
        # Made when it is first looked at.
        _ = connection.keycloak_openid
        return KeycloakAdmin(connection=connection)

    async def aclose(self) -> None:
        """Close every connection."""
        admin, self._admin = self._admin, None
        if admin is not None:
            await admin.connection.aclose()
            await admin.connection.keycloak_openid.connection.aclose()


def _translated(error: KeycloakError, method: str) -> FastNFuriousError:
    status = error.response_code or 0
    said = f"Keycloak refused {method}: {_message(error)}"
    if status == 401:
        return ConfigurationError(f"{said}; correct OIDC_CLIENT_ID and OIDC_CLIENT_SECRET")
    if status == 403:
        return ConfigurationError(
            f"{said}; give the service account of OIDC_CLIENT_ID the role of realm-management"
        )
    if status == 404:
        return ResourceNotFound(said)
    if 400 <= status < 500:
        return Conflict(said)
    if isinstance(error.__cause__, httpx.TimeoutException):
        return OperationTimeout(f"Keycloak did not answer {method} in time")
    return ResourceUnavailable(f"Keycloak does not answer {method}: {_message(error)}")


def _message(error: KeycloakError) -> str:
    """Return what Keycloak said, from whichever member it used this time."""
    try:
        document = json.loads(error.response_body or b"")
        named = (document.get(name) for name in ("error_description", "errorMessage", "error"))
        return str(next(filter(None, named)))[:200]
    except (ValueError, AttributeError, StopIteration, TypeError):
        return f"status {error.response_code}" if error.response_code else "no connection"
