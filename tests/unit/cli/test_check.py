"""``check``: every part is opened once, and the exit code says how it went."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from fastnfurious.core import registry
from tests.unit.cli.conftest import PLAIN, RunCommand, WriteService

_STOCK = """
from fastnfurious import FastNFuriousAPI
from fastnfurious.core.health import CheckResult, HealthStatus
from fastnfurious.core.integration import Integration, IntegrationStatus, Mode
from fastnfurious.core.settings import Settings

class StockSettings(Settings):
    model_config = {"env_prefix": "STOCK_"}

class Stock(Integration):
    name = "stock"
    settings_class = StockSettings
    resource = None
    status = IntegrationStatus(Mode.EMBEDDED, "in process")

    async def open(self) -> None:
        print("opened")
        OPENING

    async def aclose(self) -> None:
        print("closed")

    async def check(self) -> CheckResult:
        return CheckResult(CHECK)

app = FastNFuriousAPI(integrations=["stock"])
"""


@pytest.fixture
def write_stock(write_service: WriteService, monkeypatch: pytest.MonkeyPatch) -> WriteService:
    """Return a function that writes a service with an integration; given how it opens."""
    target = "shop_service.app:Stock"
    point = EntryPoint("stock", target, registry.ENTRY_POINT_GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    return write_service


def _rows(out: str) -> dict[str, str]:
    return {line.split()[0]: line.split()[1] for line in out.splitlines() if len(line.split()) > 2}


def test_a_sound_service_passes(command: RunCommand, write_service: WriteService) -> None:
    """The application, its settings and each part are a row."""
    write_service(PLAIN)
    done = command("check")
    assert done.code == 0, done.out
    parts = ("application", "settings", "logs", "tracing", "metrics")
    assert all(_rows(done.out)[part] == "pass" for part in parts)


def test_each_integration_is_opened_asked_and_closed_once(
    command: RunCommand, write_stock: WriteService
) -> None:
    """The row says where the backing service is."""
    write_stock(_STOCK.replace("OPENING", "pass").replace("CHECK", "HealthStatus.PASS"))
    done = command("check")
    assert done.code == 0, done.out
    assert "embedded: in process" in done.out
    assert done.out.count("opened") == done.out.count("closed") == 1


@pytest.mark.parametrize(
    ("opening", "check", "status", "code"),
    [
        ("raise OSError('no route')", "HealthStatus.PASS", "fail", 1),
        ("pass", "HealthStatus.FAIL, 'no answer'", "fail", 1),
        ("pass", "HealthStatus.WARN, 'slow'", "warn", 0),
    ],
)
def test_the_exit_code_says_whether_a_part_failed(
    command: RunCommand, write_stock: WriteService, opening: str, check: str, status: str, code: int
) -> None:
    """A part that fails is a row with the reason, is closed, and makes the exit code 1."""
    write_stock(_STOCK.replace("OPENING", opening).replace("CHECK", check))
    done = command("check")
    assert (_rows(done.out)["stock"], done.code) == (status, code)
    assert "closed" in done.out and "Traceback" not in done.err


def test_a_broken_service_is_a_row_too(command: RunCommand, write_service: WriteService) -> None:
    """What keeps the application from being imported is in the table."""
    write_service("1 / 0")
    done = command("check")
    assert done.code == 1
    assert _rows(done.out)["application"] == "fail" and "shop_service/app.py:1" in done.out


def test_wrong_settings_are_a_row(
    command: RunCommand, write_service: WriteService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All faults are named, and no part is opened with wrong settings."""
    write_service(PLAIN)
    monkeypatch.setenv("LOG_LEVEL", "loud")
    monkeypatch.setenv("PORT", "abc")
    done = command("check")
    assert done.code == 1
    assert "LOG_LEVEL" in done.out and "PORT" in done.out and "tracing" not in done.out
