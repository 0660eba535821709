"""The OpenAPI document: printed, or written so that nobody sees half of it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from unittest import mock

import pytest
import yaml

from tests.unit.cli.conftest import RunCommand, WriteService

_APP = (
    "from fastnfurious import FastNFuriousAPI\napp = FastNFuriousAPI(title='Käse')\n"
    "@app.get('/cheese')\ndef cheese() -> None: ...\n"
)


@pytest.fixture(autouse=True)
def service(write_service: WriteService) -> None:
    """Write a service with one route."""
    write_service(_APP)


def test_it_is_printed_as_json(command: RunCommand) -> None:
    """Without a file the document goes to stdout, and nothing else does."""
    document = json.loads(command("openapi").out)
    assert document["info"]["title"] == "Käse" and "/cheese" in document["paths"]


def test_the_suffix_chooses_the_format(command: RunCommand) -> None:
    """JSON and YAML hold the same document."""
    for name in ("api.json", "api.yaml", "api.YML"):
        done = command("openapi", "--output", name)
        assert (done.code, done.out, done.err) == (0, "", "")
    found = json.loads(Path("api.json").read_text(encoding="utf-8"))
    for name in ("api.yaml", "api.YML"):
        assert yaml.safe_load(Path(name).read_text(encoding="utf-8")) == found


def test_an_unknown_suffix_is_refused(command: RunCommand) -> None:
    """The accepted suffixes are named, and nothing is written."""
    done = command("openapi", "-o", "api.txt")
    assert done.code == 2 and "end it with .json, .yaml, .yml" in done.line
    assert not Path("api.txt").exists()


@pytest.mark.parametrize(
    ("name", "reason"), [("none/api.json", "no such file or directory"), ("d.json", "directory")]
)
def test_a_file_that_cannot_be_written_is_one_line(
    command: RunCommand, name: str, reason: str
) -> None:
    """The file and the reason are named; nothing is left behind."""
    Path("d.json").mkdir()
    done = command("openapi", "-o", name)
    assert done.code == 2 and f"{name} cannot be written" in done.line and reason in done.line
    assert sorted(os.listdir()) == ["d.json", "shop_service"]


def test_a_failure_leaves_the_old_file(command: RunCommand) -> None:
    """A disk that is full does not cost the file that was there."""
    path = Path("api.json")
    path.write_text("old", encoding="utf-8")
    with mock.patch("os.replace", side_effect=OSError(28, "No space left on device")):
        assert "no space left" in command("openapi", "-o", "api.json").line
    assert path.read_text(encoding="utf-8") == "old"
    assert not [name for name in os.listdir() if name.startswith(".api")]


def test_the_mode_of_a_file_is_kept(command: RunCommand) -> None:
    """A new file can be read by all; one that exists keeps its mode."""
    Path("private.json").touch(mode=0o600)
    for name, mode in {"private.json": 0o600, "new.json": 0o644}.items():
        command("openapi", "-o", name)
        assert stat.S_IMODE(Path(name).stat().st_mode) == mode
