"""S3 in an application: which store, open and closed with it, and how it is."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from fastnfurious.core.errors import (
    FastNFuriousError,
    OperationTimeout,
    ResourceUnavailable,
    StartupError,
)
from fastnfurious.core.health import CheckResult, HealthStatus
from fastnfurious.core.integration import Integration, IntegrationStatus, Mode
from fastnfurious.core.settings import Environment, FastNFuriousSettings
from fastnfurious.s3.errors import AccessDenied, BucketExists, CredentialsRefused
from fastnfurious.s3.settings import S3Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from fastnfurious.s3.client import S3Client
    from fastnfurious.s3.contract import ObjectStorage
    from fastnfurious.s3.embedded.storage import EmbeddedStorage

__all__ = ["S3Integration"]

_FOLDER = Path(".data/s3")
_logger = logging.getLogger(__name__)


class S3Integration(Integration):
    """Give an application ``app.s3``.

    Args:
        settings: Where the objects are.
        service: Whose they are.
        storage: A store to use in place of the stand-in, and not to close; a test hands in its
            double.
    """

    name: ClassVar[str] = "s3"
    settings_class: ClassVar[type[S3Settings]] = S3Settings
    component_type: ClassVar[str] = "datastore"

    settings: S3Settings

    def __init__(
        self,
        settings: S3Settings,
        service: FastNFuriousSettings,
        *,
        storage: EmbeddedStorage | None = None,
    ) -> None:
        super().__init__(settings, service)
        self._embedded = storage
        self._is_lent = storage is not None
        self._client: S3Client | None = None
        self._missing_buckets = settings.buckets

    @property
    def resource(self) -> ObjectStorage:
        """Return the store; the embedded one opens itself when it is first used.

        Raises:
            ResourceUnavailable: It is on a server, and the application has not started.
        """
        if self._embedded is None and self.mode is Mode.EMBEDDED:
            self._embedded = self._start_embedded()
        storage = self._embedded or self._client
        if storage is None:
            raise ResourceUnavailable("S3 is closed: the application is not running")
        return storage

    @property
    def status(self) -> IntegrationStatus:
        """Return where the objects are."""
        if self.mode is Mode.REMOTE:
            return IntegrationStatus(Mode.REMOTE, self.settings.endpoint or "")
        return IntegrationStatus(Mode.EMBEDDED, str(self._folder or "in memory"))

    @property
    def served(self) -> ASGIApp | None:
        """Return what answers presigned URLs of the stand-in."""
        if self.mode is Mode.REMOTE:
            return None
        from fastnfurious.s3.embedded.served import PresignedObjects

        self.resource
        return PresignedObjects(self._embedded) if self._embedded else None

    async def open(self) -> None:
        """Get ready, and create the buckets of ``S3_BUCKETS`` that are missing.

        Raises:
            StartupError: The server does not accept the credentials, or forbids to create them.
        """
        if self._embedded is None and self.mode is Mode.REMOTE and self._client is None:
            from fastnfurious.s3.client import S3Client
            from fastnfurious.s3.observer import Observer

            self._client = S3Client(self.settings, Observer(self.instruments))
        try:
            await self._ask()
        except (ResourceUnavailable, OperationTimeout) as error:
            _logger.warning("S3 is away, going on without it: %s", error)
        except AccessDenied as error:
            raise StartupError(f"s3 could not be opened: {error}") from error

    async def aclose(self) -> None:
        """Release everything; safe to call twice."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
        embedded = self._embedded
        # What is in memory would be lost to a test that starts its application twice.
        if embedded is not None and embedded.folder is not None and not self._is_lent:
            self._embedded = None
            embedded.close()

    async def check(self) -> CheckResult:
        """Return whether the store answers; buckets that could not be created are tried again."""
        try:
            await self._ask()
        except FastNFuriousError as error:
            return CheckResult(HealthStatus.FAIL, str(error))
        return CheckResult()

    async def _ask(self) -> None:
        """Ask for something small."""
        await self._create_buckets()
        try:
            await self.resource.bucket_names()
        except CredentialsRefused:
            raise
        except AccessDenied:
            pass  # it has answered: not everybody may see all buckets

    async def _create_buckets(self) -> None:
        storage = self.resource
        for name in self._missing_buckets:
            if not await storage.bucket_exists(name):
                try:
                    await storage.create_bucket(name)
                except BucketExists:
                    pass  # another process was faster
        self._missing_buckets = ()

    @property
    def _folder(self) -> Path | None:
        if self.settings.folder is not None:
            return self.settings.folder
        return None if self.service.environment is Environment.TEST else _FOLDER

    def _start_embedded(self) -> EmbeddedStorage:
        from fastnfurious.s3.embedded.storage import EmbeddedStorage
        from fastnfurious.s3.observer import Observer

        storage = EmbeddedStorage(
            self._folder,
            part_size=self.settings.part_size,
            address=self.settings.public_url,
            observer=Observer(self.instruments),
        )
        storage.index.ensure_buckets(self.settings.buckets)
        return storage
