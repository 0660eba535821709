"""The reference of the command line is made from the commands, and leaves nothing out."""

from __future__ import annotations

import pytest

import command_table
from fastnfurious.cli.exit_codes import ExitCode
from fastnfurious.cli.options import option_name
from fastnfurious.cli.settings import ServerSettings
from tests.unit.cli.conftest import RunCommand

_PAGE = "docs/reference/cli.md"


@pytest.mark.parametrize("name", command_table.commands())
def test_every_option_of_the_help_is_in_the_reference(command: RunCommand, name: str) -> None:
    """What ``--help`` shows of a command stands in its section."""
    shown = command(name, "--help").out
    section = command_table.tables().partition(f"## {name}\n")[2].partition("\n## ")[0]
    words = {word.rstrip(",") for word in shown.split() if word.startswith("--")}
    missing = [word for word in words - {"--help"} if f"`{word}" not in section]
    assert section and not missing


def test_every_setting_of_the_server_is_an_option() -> None:
    """The section of ``start`` names each setting by its option and by its variable."""
    section = command_table.tables().partition("## start\n")[2].partition("\n## ")[0]
    for field in ServerSettings.model_fields:
        assert f"`{option_name(field)}" in section
        assert f"`{ServerSettings.variable(field)}`" in section


def test_every_exit_code_is_explained(pytestconfig: pytest.Config) -> None:
    """The page has a row for each exit code."""
    page = (pytestconfig.rootpath / _PAGE).read_text(encoding="utf-8")
    assert all(f"\n| {code.value} |" in page for code in ExitCode)
