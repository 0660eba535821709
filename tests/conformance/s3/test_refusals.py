"""A real server that does not let us in: our own error names the setting, and nothing secret."""

from __future__ import annotations

import socket
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fastnfurious.core.errors import ResourceUnavailable, StartupError
from fastnfurious.core.health import HealthStatus
from fastnfurious.core.settings import Environment, FastNFuriousSettings
from fastnfurious.s3.client import S3Client
from fastnfurious.s3.errors import BucketNotFound, CredentialsRefused
from fastnfurious.s3.integration import S3Integration
from fastnfurious.s3.settings import S3Settings
from servers.plugin import Backing
from tests.conformance.s3.promises import remote_settings

HUSH = "hush-hush-hush"


def settings_of(backing: Backing, **wrong: str) -> S3Settings:
    """Return the settings of the real server, some of them wrong."""
    endpoint = backing("s3", "minio")
    assert endpoint is not None
    return remote_settings(endpoint.settings, **wrong)


@asynccontextmanager
async def opened(settings: S3Settings) -> AsyncIterator[S3Client]:
    """Close a client behind itself."""
    client = S3Client(settings)
    yield client
    await client.aclose()


@pytest.mark.parametrize("setting", ["secret_key", "access_key"])
async def test_wrong_credentials_are_named(backing: Backing, setting: str) -> None:
    """By the settings that hold them, without what they hold, whatever is asked for."""
    settings = settings_of(backing, **{setting: HUSH})
    async with opened(settings) as client:
        bucket = client["models"]
        for asked in (bucket.get("a"), bucket.put("a", b"x"), client.bucket_names()):
            with pytest.raises(
                CredentialsRefused, match="S3_ACCESS_KEY and S3_SECRET_KEY"
            ) as caught:
                await asked
            shown = "".join(traceback.format_exception(caught.value))
            assert HUSH not in shown


async def test_wrong_credentials_stop_the_start(backing: Backing) -> None:
    """With one line, which is what the command shows."""
    service = FastNFuriousSettings(environment=Environment.STAGING)
    integration = S3Integration(settings_of(backing, secret_key=HUSH), service)
    with pytest.raises(StartupError, match="S3_ACCESS_KEY and S3_SECRET_KEY") as caught:
        await integration.open()
    await integration.aclose()
    assert HUSH not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_wrong_bucket_is_named(backing: Backing) -> None:
    """With what can be done about it."""
    async with opened(settings_of(backing)) as client:
        with pytest.raises(BucketNotFound, match="'no-such-bucket': .* S3_BUCKETS") as caught:
            await client["no-such-bucket"].put("a", b"x")
    assert caught.value.status == 404


async def test_a_wrong_address_is_named(backing: Backing) -> None:
    """The service starts without a server that is away, and is well when there is one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings = settings_of(backing, endpoint=f"http://127.0.0.1:{port}", retries="0")
    integration = S3Integration(settings, FastNFuriousSettings(environment=Environment.STAGING))
    await integration.open()
    with pytest.raises(ResourceUnavailable, match="S3_ENDPOINT") as caught:
        await integration.resource["models"].get("a")
    assert caught.value.status == 503
    report = await integration.check()
    assert (report.status, "S3_ENDPOINT" in str(report)) == (HealthStatus.FAIL, True)
    await integration.aclose()
