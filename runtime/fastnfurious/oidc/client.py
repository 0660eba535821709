"""The client of an issuer: discovery, keys, users of tokens, and tokens of the service's own.

It asks over `transport.py`, and administers through `administration.py`; the errors of either
driver become ours there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from loguru import logger
from opentelemetry.trace import get_tracer

from fastnfurious.core.clock import Clock, SystemClock
from fastnfurious.core.errors import (
    ConfigurationError,
    FastNFuriousError,
    NotAuthenticated,
    ResourceNotFound,
    ResourceUnavailable,
    SettingFault,
    SettingsError,
)
from fastnfurious.core.instruments import Instruments, SilentInstruments
from fastnfurious.oidc.contract import (
    DISCOVERY_PATH,
    EMBEDDED_ISSUER,
    Endpoints,
    IssuerTransport,
    issuer_fault,
    realm_of,
)
from fastnfurious.oidc.keys import IssuerKeys
from fastnfurious.oidc.refusal import TokenRefused
from fastnfurious.oidc.service_tokens import ServiceAuth, ServiceTokens
from fastnfurious.oidc.settings import OidcSettings
from fastnfurious.oidc.user import UserClaims
from fastnfurious.oidc.verifier import TokenVerifier, TrustRules

if TYPE_CHECKING:
    from fastnfurious.oidc.administration import RealmAdministration

__all__ = ["OidcClient"]

# Keycloak says so of a token that it does not know, in words alone.
_BAD_TOKEN = "Invalid token"


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
        self._admin: RealmAdministration | None = None
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
            NotAuthenticated: The token is not good, for example because it has expired.
            ConfigurationError: The issuer does not exchange tokens of this service for that
                audience.
            ResourceUnavailable: The issuer cannot be reached, or gives no tokens.
            OperationTimeout: It does not answer.

        *Source:* RFC 8693, https://www.rfc-editor.org/rfc/rfc8693.html.
        """
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": token,
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "audience": audience,
        }
        try:
            answer = await self._ask_for_token(form)
        except NotAuthenticated as error:
            if str(error).endswith(_BAD_TOKEN):
                raise
            await self.verify(token)
            # The token is good, so its user is not to blame: as a 401 it would be taken for that.
            raise ConfigurationError(f"No token for {audience!r}: {error}") from None
        return str(answer["access_token"])

    @property
    def admin(self) -> RealmAdministration:
        """Return what administers the realm, with the roles of the service's own account.

        Raises:
            ConfigurationError: The issuer is not Keycloak.
            SettingsError: The service has no id or no secret at the issuer.
        """
        if self._admin is None:
            self._admin = self._open_admin()
        return self._admin

    def _open_admin(self) -> RealmAdministration:
        found = realm_of(self.issuer)
        if found is None:
            who = "in the process" if self.issuer == EMBEDDED_ISSUER else repr(self.issuer)
            raise ConfigurationError(
                f"The issuer {who} has nothing to administer: set OIDC_ISSUER to a realm of "
                "Keycloak, such as https://id.example.com/realms/shop"
            )
        client_id, client_secret = self._credentials()
        # When it is first needed: python-keycloak takes a while to import.
        from fastnfurious.oidc.administration import RealmAdministration

        return RealmAdministration(
            *found,
            client_id=client_id,
            client_secret=client_secret,
            timeout=self._settings.timeout_seconds,
        )

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
        admin, self._admin = self._admin, None
        if admin is not None:
            await admin.aclose()
        await self._keys.aclose()
        await self._transport.aclose()

    async def _ask_for_token(self, form: Mapping[str, str]) -> dict[str, Any]:
        client_id, secret = self._credentials()
        endpoints = await self.endpoints()
        if endpoints.token is None:
            raise ResourceUnavailable(f"The issuer {self.issuer} gives no tokens")
        named = {"client_id": client_id, "client_secret": secret}
        return await self._transport.post(endpoints.token, {**form, **named})

    def _credentials(self) -> tuple[str, str]:
        settings = self._settings
        client_id, secret = settings.client_id, settings.client_secret
        if client_id and secret:
            return client_id, secret.get_secret_value()
        missing = [name for name in ("client_id", "client_secret") if not getattr(settings, name)]
        accepted = "the service needs it to get tokens of its own"
        raise SettingsError(
            [SettingFault(settings.variable(name), None, accepted) for name in missing]
        )

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
