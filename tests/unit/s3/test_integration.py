"""S3 in an application: opened when it is used, kept where the settings say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fastnfurious import FastNFuriousAPI, FastNFuriousSettings
from fastnfurious.core.errors import SettingsError
from fastnfurious.core.health import HealthStatus
from fastnfurious.core.integration import Mode
from fastnfurious.s3.integration import S3Integration
from fastnfurious.s3.settings import S3Settings
from fastnfurious.testing.async_client import AsyncTestClient


def integration(**settings: Any) -> S3Integration:
    """Return an integration of a service in development."""
    return S3Integration(S3Settings(**settings), FastNFuriousSettings(environment="development"))


async def test_the_stand_in_opens_itself(app: FastNFuriousAPI) -> None:
    """Objects can be prepared before the application starts, and looked at when it has ended."""
    await app.s3.create_bucket("models")
    await app.s3["models"].put("a", b"x")
    async with AsyncTestClient(app) as client:
        report = (await client.get("/health/ready")).json()
        assert report["checks"]["s3"][0]["status"] == "pass"
    assert await app.s3["models"].get("a") == b"x"


async def test_a_folder_outlives_the_service(tmp_path: Path) -> None:
    """The next start finds what the last one has written, and URLs that it has signed hold."""
    first = integration(folder=tmp_path / "s3", buckets="models")
    await first.resource["models"].put("a", b"x")
    url = await first.resource["models"].presigned_get("a")
    await first.aclose()
    await first.aclose()
    second = integration(folder=tmp_path / "s3", buckets="models,uploads")
    await second.open()
    assert await second.resource["models"].get("a") == b"x"
    assert await second.resource.bucket_names() == ("models", "uploads")
    assert url.split("expires")[0] in await second.resource["models"].presigned_get("a")
    assert (await second.check()).status is HealthStatus.PASS
    await second.aclose()


async def test_two_services_share_a_folder(tmp_path: Path) -> None:
    """Several workers of one service see the same objects."""
    one, other = (integration(folder=tmp_path, buckets="models") for _ in range(2))
    await one.resource["models"].put("a", b"1")
    assert await other.resource["models"].get("a") == b"1"
    await other.resource["models"].put("a", b"2")
    assert await one.resource["models"].get("a") == b"2"
    await one.aclose()
    await other.aclose()


async def test_nothing_is_left_over_in_the_folder(tmp_path: Path) -> None:
    """What was overwritten, deleted or broken off takes no room."""
    kept = integration(folder=tmp_path, buckets="models")
    bucket = kept.resource["models"]

    async def broken() -> object:
        yield b"x"
        raise OSError

    await bucket.put("a", b"1")
    await bucket.put("a", b"2")
    await bucket.delete("a")
    with pytest.raises(OSError):
        await bucket.put("a", broken())  # type: ignore[arg-type]
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []
    await kept.aclose()


def test_the_status_says_where_the_objects_are(tmp_path: Path) -> None:
    """A folder, memory, or the address of the server."""
    assert integration().status.address == ".data/s3"
    assert integration(folder=tmp_path).status.address == str(tmp_path)
    testing = S3Integration(S3Settings(), FastNFuriousSettings(environment="test"))
    assert (testing.status.mode, testing.status.address) == (Mode.EMBEDDED, "in memory")


class TestSettings:
    """Mistakes in the environment are found before anything happens."""

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("S3_ENDPOINT", "s3.example.com"),
            ("S3_ENDPOINT", "http://user:secret@s3.example.com"),
            ("S3_ENDPOINT", "http://s3.example.com/path"),
            ("S3_BUCKETS", "models,Up_loads"),
            ("S3_PART_SIZE", "1024"),
            ("S3_CONNECTIONS", "0"),
        ],
    )
    def test_a_malformed_value_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
    ) -> None:
        """The variable is named, and no secret is shown."""
        monkeypatch.setenv(variable, value)
        with pytest.raises(SettingsError, match=variable) as caught:
            S3Settings.load()
        assert "secret" not in str(caught.value)

    def test_half_a_pair_of_credentials_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A key without its secret is a mistake."""
        monkeypatch.setenv("S3_ACCESS_KEY", "key")
        with pytest.raises(SettingsError, match="S3_ACCESS_KEY and S3_SECRET_KEY"):
            S3Settings.load()
