"""The program: what it offers, what it imports, how it fails."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from fastnfurious.core import registry
from tests.unit.cli.conftest import PLAIN, RunCommand, WriteService

_COMMANDS = ("start", "check", "config", "routes", "openapi", "version")


def test_help_names_every_command_and_imports_no_application(
    command: RunCommand, write_service: WriteService
) -> None:
    """Help works for a service whose code cannot even be imported."""
    write_service("1 / 0")
    done = command("--help")
    assert done.code == 0
    assert all(name in done.out for name in _COMMANDS)


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_explains_itself_without_the_application(
    command: RunCommand, write_service: WriteService, name: str
) -> None:
    """The help of a command needs no application either."""
    write_service("1 / 0")
    done = command(name, "--help")
    assert done.code == 0 and "Usage: shop-service" in done.out


def test_help_loads_neither_web_framework_nor_server() -> None:
    """What help and tab completion import stays small."""
    code = (
        "import sys; from fastnfurious.cli.program import run; run('a.b:c', None, ['--help']);"
        "print({'fastapi', 'uvicorn', 'starlette', 'opentelemetry'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")


def test_no_words_show_the_help(command: RunCommand) -> None:
    """The bare command says what it can do."""
    assert "Usage: shop-service" in command().out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("strat",), "shop-service: No such command 'strat'. Did you mean 'start'?"),
        (("start", "--prot", "1"), "No such option: --prot"),
        (("start", "--port"), "'--port' requires an argument"),
        (("openapi", "extra"), "unexpected extra argument"),
    ],
)
def test_a_wrong_word_is_one_line(
    command: RunCommand, words: tuple[str, ...], expected: str
) -> None:
    """A command line that cannot be read is one line that names the word, and exit code 2."""
    done = command(*words)
    assert done.code == 2
    assert expected in done.line and done.line.startswith("shop-service: ")


def test_debug_shows_the_traceback_wherever_it_stands(
    command: RunCommand, write_service: WriteService
) -> None:
    """``--debug`` adds the traceback; without it there is one line."""
    write_service("1 / 0")
    assert "Traceback" not in command("routes").err
    for words in (("--debug", "routes"), ("routes", "--debug")):
        assert "Traceback" in command(*words).err


def test_version_needs_no_application(command: RunCommand, write_service: WriteService) -> None:
    """The version is read from what is installed."""
    write_service("1 / 0")
    done = command("version")
    assert done.out.startswith("shop-service (not installed)\nFastNFurious ")


def test_version_names_the_installed_release(command: RunCommand) -> None:
    """A service that is installed shows its own version first."""
    assert command("version", app="typer.main:app").out.splitlines()[0].split()[1][0].isdigit()


_STOCK_COMMANDS = "shop_service.app:commands"
_GROUP = """
import typer
from fastnfurious.core.integration import Integration
from fastnfurious.core.settings import Settings

commands = typer.Typer(name="stock", help="Count what is left.")

@commands.command()
def count(ctx: typer.Context) -> None:
    print("counting for", ctx.obj.program)

@commands.command()
def order(ctx: typer.Context) -> None:
    pass

class Stock(Integration):
    name = "warehouse"
    settings_class = Settings
"""


def _install(monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    targets = {registry.ENTRY_POINT_GROUP: target, registry.COMMANDS_GROUP: _STOCK_COMMANDS}
    monkeypatch.setattr(
        registry, "entry_points", lambda group: [EntryPoint("warehouse", targets[group], group)]
    )


def test_an_integration_adds_its_group(
    command: RunCommand, write_service: WriteService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group is listed, and its commands know the service."""
    write_service(_GROUP)
    _install(monkeypatch, "shop_service.app:Stock")
    assert "Count what is left." in command("--help").out
    assert command("stock", "count").out == "counting for shop-service\n"


def test_a_broken_plugin_leaves_the_other_commands(
    command: RunCommand, write_service: WriteService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin that cannot be imported is named, and everything else works."""
    write_service("1 / 0")
    _install(monkeypatch, "shop_service.app:Stock")
    done = command("--help")
    assert done.code == 0 and "start" in done.out
    assert "The commands of 'warehouse' cannot be used: ZeroDivisionError" in done.line
    assert command("version").err == ""


def test_the_script_of_a_service(tmp_path: Path, write_service: WriteService) -> None:
    """``command`` gives a function that ends the process with the exit code."""
    write_service(PLAIN)
    code = "from fastnfurious.cli import command; command('shop_service.app:app', name='shop')()"
    words = [sys.executable, "-c", code, "nonsense"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "shop: No such command 'nonsense'. (see shop --help)\n"
