"""Finding the application: every way in which it can be missing is one line."""

from __future__ import annotations

import pytest

from fastnfurious.cli.failures import BrokenImport
from fastnfurious.cli.target import Target
from fastnfurious.core.errors import ApplicationNotFound, SettingsError
from tests.unit.cli.conftest import PLAIN, RunCommand, WriteService


def test_the_program_is_called_after_the_package() -> None:
    """A package with underscores is a command with dashes."""
    assert Target.of("shop_service.app:app").program == "shop-service"
    assert Target.of("shop_service.app:app", "shop").program == "shop"


def test_it_loads_the_application(write_service: WriteService) -> None:
    """An application is what its path names."""
    write_service(PLAIN)
    assert Target.of("shop_service.app:app").load().title == "Shop"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("shop_service.app", "'shop_service.app' names no application: write module:attribute"),
        (":app", "':app' names no application"),
        ("no_such_package.app:app", "There is no module 'no_such_package'"),
        ("shop_service.web:app", "There is no module 'shop_service.web'"),
        ("shop_service.app:api", "has no attribute 'api': did you mean 'app'?"),
        ("shop_service.app:number", "is of type int, not a FastNFuriousAPI application"),
        ("shop_service.app:plain", "is of type FastAPI, not a FastNFuriousAPI application"),
    ],
)
def test_a_wrong_path_says_what_is_wrong(
    write_service: WriteService, path: str, message: str
) -> None:
    """Each part of the path that is wrong is named."""
    write_service(f"{PLAIN}from fastapi import FastAPI\nnumber = 1\nplain = FastAPI()\n")
    with pytest.raises(ApplicationNotFound) as caught:
        Target.of(path).load()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import os\n\n1 / 0\n", "ZeroDivisionError: division by zero (shop_service/app.py:3)"),
        ("def broken(:\n", "SyntaxError: invalid syntax (shop_service/app.py:1)"),
        ("import no_such_dependency\n", "No module named 'no_such_dependency' (shop_service/app"),
        ("import json\njson.loads('')\n", "(shop_service/app.py:2)"),
        ("raise SystemExit(4)\n", "SystemExit: 4 (shop_service/app.py:1)"),
        ("raise ValueError('two\\nlines')\n", "ValueError: two lines"),
    ],
)
def test_a_broken_import_names_the_users_own_line(
    write_service: WriteService, code: str, message: str
) -> None:
    """Frames of libraries are passed over: the place is in the service's own code."""
    write_service(code)
    with pytest.raises(BrokenImport) as caught:
        Target.of("shop_service.app:app").load()
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_wrong_settings_at_import_are_listed_as_such(write_service: WriteService) -> None:
    """A service that loads settings when it is imported gets its faults, not a broken import."""
    write_service(
        "from pydantic import Field\nfrom fastnfurious import FastNFuriousSettings\n"
        "class Own(FastNFuriousSettings):\n    shelf: int = Field(description='Shelf.')\n"
        "Own.load()\n"
    )
    with pytest.raises(SettingsError, match="SHELF"):
        Target.of("shop_service.app:app").load()


@pytest.mark.parametrize("name", ["start", "routes", "openapi", "config"])
def test_every_command_reports_it_in_one_line(
    command: RunCommand, write_service: WriteService, name: str
) -> None:
    """Whatever needed the application, the fault is one line and exit code 2."""
    write_service("1 / 0")
    done = command(name, *(["--port", "0"] if name == "start" else []))
    assert done.code == 2
    assert "shop_service.app could not be imported: ZeroDivisionError" in done.line
