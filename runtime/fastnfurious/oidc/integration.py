"""OpenID Connect in an application: which issuer, asked and closed with it, and how it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from loguru import logger
from pydantic import SecretStr

from fastnfurious.core.errors import (
    FastNFuriousError,
    SettingFault,
    SettingsError,
    StartupError,
)
from fastnfurious.core.health import CheckResult, HealthStatus
from fastnfurious.core.integration import Integration, IntegrationStatus, Mode
from fastnfurious.core.settings import Environment, FastNFuriousSettings, Settings
from fastnfurious.oidc.contract import EMBEDDED_ISSUER, EMBEDDED_PATH
from fastnfurious.oidc.settings import OidcSettings

if TYPE_CHECKING:
    from fastnfurious.oidc.client import OidcClient
    from fastnfurious.oidc.contract import IssuerTransport
    from fastnfurious.oidc.embedded.issuer import EmbeddedIssuer

__all__ = ["OidcIntegration"]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class OidcIntegration(Integration):
    """Give an application ``app.oidc``, and with it users.

    Handlers ask for them with ``app.current_user``, ``app.optional_user`` and ``app.require``.
    """

    name: ClassVar[str] = "oidc"
    settings_class: ClassVar[type[OidcSettings]] = OidcSettings

    settings: OidcSettings

    def __init__(self, settings: OidcSettings, service: FastNFuriousSettings) -> None:
        super().__init__(_completed(settings, service), service)
        self._client: OidcClient | None = None

    @classmethod
    def mode_of(cls, settings: Settings, service: FastNFuriousSettings) -> Mode:
        """Return where the issuer runs; the one in the process never outside development and test.

        Raises:
            SettingsError: The issuer or the audience is missing, or the stand-in is asked for where
                everybody could become anybody.
        """
        mode = super().mode_of(settings, service)
        if mode is Mode.EMBEDDED:
            _refuse_outside_development(settings, service.environment)
        elif isinstance(settings, OidcSettings):
            settings.require_audience()
        return mode

    @classmethod
    def attribute(cls, name: str, resource: Callable[[], Any]) -> Any:
        """Return what handlers ask for the user with; nothing is read or opened for it."""
        from fastnfurious.oidc import dependencies

        return dependencies.OFFERED[name]

    @property
    def resource(self) -> OidcClient:
        """Return the client; it asks the issuer when a token is first seen."""
        if self._client is None:
            self._client = self._connect()
        return self._client

    @property
    def status(self) -> IntegrationStatus:
        """Return which issuer is believed."""
        if self.mode is Mode.EMBEDDED:
            return IntegrationStatus(Mode.EMBEDDED, "in process")
        return IntegrationStatus(Mode.REMOTE, str(self.settings.issuer))

    @cached_property
    def issuer(self) -> EmbeddedIssuer:
        """Return the issuer in the process.

        Raises:
            StartupError: A real issuer is used.
            SettingsError: This is neither development nor test.
        """
        if self.mode is not Mode.EMBEDDED:
            raise StartupError(f"There is no issuer in the process: {self.settings.issuer} is used")
        from fastnfurious.oidc.embedded.issuer import EmbeddedIssuer

        in_test = self.service.environment is Environment.TEST
        secret = self.settings.client_secret
        return EmbeddedIssuer(
            str(self.settings.client_id),
            client_secret=secret.get_secret_value() if secret else "",
            folder=None if in_test else self.settings.embedded_folder,
        )

    @cached_property
    def pages(self) -> Any:
        """Return the issuer in the process as an ASGI application: login page, keys and tokens."""
        from fastnfurious.oidc.embedded.pages import issuer_app

        return issuer_app(self.issuer)

    @property
    def served(self) -> Any:
        """Return the pages of the issuer in the process; ``None`` when a real one is used."""
        return self.pages if self.mode is Mode.EMBEDDED else None

    async def open(self) -> None:
        """Ask the issuer for its description and its keys; one that is away is asked again later.

        Raises:
            StartupError: There is no issuer at that address, or another one.
        """
        self._warn_of_plain_http()
        try:
            await self.resource.refresh()
        except FastNFuriousError as error:
            fault = self.resource.fault
            if fault is not None:
                raise StartupError(fault) from error

    async def aclose(self) -> None:
        """Close the connections to the issuer."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def check(self) -> CheckResult:
        """Return whether the issuer gives its keys; tokens with known ones work on without it."""
        if self._client is None and self.mode is Mode.EMBEDDED:
            # The docs have shown how to log in, and nobody has yet: a probe must not wait for the
            # imports of the first who does.
            return CheckResult()
        try:
            await self.resource.refresh()
        except FastNFuriousError:
            return CheckResult(HealthStatus.FAIL, "the issuer does not give its keys")
        return CheckResult()

    def document(self, schema: dict[str, Any]) -> None:
        """Describe in an OpenAPI document how to log in, for the docs' Authorize button."""
        schemes = schema["components"]["securitySchemes"]
        schemes[self.name] = self._security_scheme()

    @property
    def sign_in(self) -> dict[str, Any]:
        """Return how the docs' Authorize button asks the issuer: with a code, and PKCE."""
        return {
            "clientId": self.settings.docs_client_id or self.settings.client_id or "",
            "scopes": "openid profile",
            "usePkceWithAuthorizationCodeGrant": True,
        }

    def _security_scheme(self) -> dict[str, Any]:
        if self.mode is Mode.EMBEDDED:
            return _code_flow(f"{EMBEDDED_PATH}/authorize", f"{EMBEDDED_PATH}/token")
        known = self.resource.known_endpoints
        if known is not None and known.authorization and known.token:
            return _code_flow(known.authorization, known.token)
        return {"type": "openIdConnect", "openIdConnectUrl": self.resource.discovery_url}

    def _warn_of_plain_http(self) -> None:
        parts = urlsplit(self.settings.issuer or "")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            logger.warning(
                "The issuer's keys come from {} without TLS: whoever is on the way can change them",
                parts.hostname,
            )

    def _connect(self) -> OidcClient:
        from fastnfurious.oidc.transport import HttpTransport

        timeout = self.settings.timeout_seconds
        if self.mode is Mode.REMOTE:
            transport = HttpTransport(timeout=timeout)
            return self._client_of(self.settings, str(self.settings.issuer), transport)
        inside = HttpTransport(timeout=timeout, app=self.pages, path=EMBEDDED_PATH)
        settings = self.settings.model_copy(update={"algorithms": ("ES256",)})
        return self._client_of(settings, EMBEDDED_ISSUER, inside)

    def _client_of(self, settings: OidcSettings, issuer: str, asks: IssuerTransport) -> OidcClient:
        from fastnfurious.oidc.client import OidcClient

        return OidcClient(settings, issuer, asks, instruments=self.instruments)


def _completed(settings: OidcSettings, service: FastNFuriousSettings) -> OidcSettings:
    """Return settings with which the service can be a client of the issuer in the process."""
    if settings.choose_mode(service.environment) is Mode.REMOTE:
        return settings
    client_id = settings.client_id or service.service_name
    secret = settings.client_secret or SecretStr("development")
    return settings.model_copy(update={"client_id": client_id, "client_secret": secret})


def _refuse_outside_development(settings: Settings, environment: Environment) -> None:
    if environment in (Environment.DEVELOPMENT, Environment.TEST):
        return
    fault = SettingFault(
        settings.variable("mode"),
        "embedded",
        f"the issuer in the process lets everybody log in as anybody, so it does not start in "
        f"{environment.value}; set {settings.variable('issuer')}",
    )
    raise SettingsError([fault])


def _code_flow(authorization: str, token: str) -> dict[str, Any]:
    scopes = {"openid": "Who you are", "profile": "Your name"}
    flow = {"authorizationUrl": authorization, "tokenUrl": token, "scopes": scopes}
    return {"type": "oauth2", "flows": {"authorizationCode": flow}}
