"""A service on disk and its command, run in this process."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fastnfurious.cli.program import run


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """Return the one line on stderr."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        return lines[0]


RunCommand = Callable[..., Done]
WriteService = Callable[[str], Path]

PLAIN = "from fastnfurious import FastNFuriousAPI\napp = FastNFuriousAPI(title='Shop')\n"


@pytest.fixture(autouse=True)
def clean_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Work in an empty folder, and forget imported services and variables afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before, environment = set(sys.modules), dict(os.environ)
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop_service"]:
        if name not in before:
            del sys.modules[name]
    os.environ.clear()
    os.environ.update(environment)


@pytest.fixture
def write_service(tmp_path: Path) -> WriteService:
    """Return a function that writes ``shop_service/app.py``."""

    def write(code: str) -> Path:
        folder = tmp_path / "shop_service"
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
        file = folder / "app.py"
        file.write_text(code, encoding="utf-8")
        return file

    return write


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> RunCommand:
    """Return a function that runs a command line of the service."""

    def call(*words: str, app: str = "shop_service.app:app") -> Done:
        code = run(app, None, words)
        captured = capfd.readouterr()
        return Done(code, captured.out, captured.err)

    return call
