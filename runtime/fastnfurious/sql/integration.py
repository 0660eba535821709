"""Joining a database to an application: ``app.db``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from fastnfurious.core.health import CheckResult, HealthStatus
from fastnfurious.core.integration import Integration, IntegrationStatus, Mode
from fastnfurious.core.setting_words import without_password
from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.sql.embedded import embedded_url, prepare_folder
from fastnfurious.sql.errors import DatabaseUnavailable
from fastnfurious.sql.settings import SqlSettings

if TYPE_CHECKING:
    from fastnfurious.sql.client import SqlClient

__all__ = ["SqlIntegration"]

_logger = logging.getLogger(__name__)


class SqlIntegration(Integration):
    """Open a database with the application, and close it with the application."""

    name = "sql"
    settings_class = SqlSettings
    component_type: ClassVar[str] = "datastore"

    settings: SqlSettings

    def __init__(self, settings: SqlSettings, service: FastNFuriousSettings) -> None:
        super().__init__(settings, service)
        self._client: SqlClient | None = None

    @property
    def resource(self) -> SqlClient:
        """Return the database; it connects with its first statement.

        Raises:
            SettingsError: The address is missing where it is needed.
            StartupError: The driver is not installed.
        """
        if self._client is None:
            from fastnfurious.sql.client import SqlClient

            if self.mode is Mode.EMBEDDED:
                prepare_folder(self.settings.file)
            self._client = SqlClient(self._url, self.settings, self.instruments)
        return self._client

    @classmethod
    def attribute(cls, name: str, resource: Callable[[], Any]) -> Any:
        """Return ``app.db``, which is the resource itself."""
        return resource()

    @property
    def status(self) -> IntegrationStatus:
        """Return where the database is."""
        embedded = self.mode is Mode.EMBEDDED
        address = str(self.settings.file) if embedded else without_password(self._url)
        return IntegrationStatus(self.mode, address)

    async def open(self) -> None:
        """Connect; a database that is away is connected to when it is back.

        Raises:
            StartupError: The database will never let us in, or its driver is not installed.
        """
        try:
            await self.resource.connect()
        except DatabaseUnavailable as error:
            _logger.warning("%s; the service starts without it", error)

    async def aclose(self) -> None:
        """Close every connection."""
        if self._client is not None:
            await asyncio.shield(self._client.aclose())

    async def check(self) -> CheckResult:
        """Return whether the database answers."""
        try:
            await self.resource.ping()
        except DatabaseUnavailable as error:
            return CheckResult(HealthStatus.FAIL, str(error))
        return CheckResult()

    @property
    def _url(self) -> str:
        if self.mode is Mode.EMBEDDED:
            return embedded_url(self.settings.file)
        return self.settings.address or ""
