"""Pretty on a terminal, plain when piped."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator

import pytest

from fastnfurious import FastNFuriousAPI, FastNFuriousSettings
from fastnfurious.cli.banner import announce, banner_rows
from fastnfurious.cli.output import print_table
from fastnfurious.cli.settings import ServerSettings
from fastnfurious.logs.testing import RecordedLogs


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Return a socket that is bound to every address."""
    with socket.socket() as bound:
        bound.bind(("0.0.0.0", 0))
        yield bound


def _app() -> FastNFuriousAPI:
    return FastNFuriousAPI(settings=FastNFuriousSettings(service_name="shop"))


def test_a_piped_table_is_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns are aligned with spaces, without lines, colours or trailing blanks."""
    print_table(("A", "LONG"), [("value", "x"), ("v", "")])
    assert capsys.readouterr().out == "A      LONG\nvalue  x\nv\n"


def test_a_table_on_a_terminal_is_drawn(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person gets a rule under the head; brackets in a value are text, not markup."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_table(("A", "B"), [("[bold]x", "y")])
    out = capsys.readouterr().out
    assert "─" in out and "[bold]x" in out


def test_the_banner_shows_what_to_open(
    listener: socket.socket, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person reads where docs, health and metrics are, under an address that can be opened."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    announce(_app(), [listener], [], server=ServerSettings(workers=2))
    err = capsys.readouterr().err
    base = f"http://localhost:{listener.getsockname()[1]}"
    for shown in (f"{base}/docs", f"{base}/health/ready", f"{base}/metrics", "Workers", "shop"):
        assert shown in err


def test_a_log_line_says_the_same_to_a_machine(listener: socket.socket) -> None:
    """Without a terminal there is one line, with the address that is really listened on."""
    with RecordedLogs() as logs:
        announce(_app(), [listener], [], server=ServerSettings())
    [record] = logs.records
    assert f"http://0.0.0.0:{listener.getsockname()[1]}" in record["message"]
    assert record["extra"]["workers"] == 1


def test_the_management_port_is_where_health_and_metrics_are() -> None:
    """Docs stay on the public port."""
    rows = dict(banner_rows(_app(), ["http://a:1"], management="http://b:2", workers=1))
    assert rows["Docs"] == "http://a:1/docs"
    assert (rows["Health"], rows["Metrics"]) == ("http://b:2/health/ready", "http://b:2/metrics")


def test_an_application_without_docs_shows_none() -> None:
    """``docs_url=None`` leaves the line out."""
    rows = banner_rows(FastNFuriousAPI(docs_url=None), ["http://a:1"], management=None, workers=1)
    assert "Docs" not in dict(rows)
