"""Secrets of every settings class stay out of the logs, whoever writes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from loguru import logger
from starlette.testclient import TestClient

from fastnfurious import FastNFuriousAPI
from fastnfurious.cli.log_takeover import take_over_logs
from fastnfurious.cli.settings import ServerSettings
from fastnfurious.core.registry import Registry, RegistryEntry
from fastnfurious.logs.testing import RecordedLogs

MAIL = RegistryEntry("mail", "tests.application.integrations.mail:Mail", "mail")


def test_credentials_of_the_collector_are_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The values of the exporter's headers, not only the whole variable."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20opensesame,tenant=7")
    with RecordedLogs() as logs, TestClient(FastNFuriousAPI()):
        logger.info("Sent Bearer opensesame for tenant 7")
    assert logs.messages[-1].endswith("for tenant 7")
    assert "opensesame" not in str(logs.records)


def test_secrets_of_an_integration_are_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are known as soon as the integration is."""
    monkeypatch.setenv("MAIL_URL", "smtp://ann:opensesame@mail.test")
    app = FastNFuriousAPI()
    app.integrations.registry = Registry([MAIL])
    with RecordedLogs() as logs, TestClient(app):
        logger.info("Connected with opensesame")
    assert logs.find(message="Connected with **********")


def test_secrets_of_the_server_are_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The password of the private key, too."""
    monkeypatch.setenv("SSL_KEYFILE_PASSWORD", "opensesame")
    monkeypatch.setenv("SSL_KEYFILE", str(Path(__file__)))
    app = FastNFuriousAPI()
    try:
        take_over_logs(app, ServerSettings.load())
        with RecordedLogs() as logs:
            logger.info("Read the key with opensesame")
    finally:
        app.logs.restore()
    assert logs.find(message="Read the key with **********")
