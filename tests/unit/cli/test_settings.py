"""Where a setting comes from, and what a wrong one says."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fastnfurious.cli import start as start_module
from fastnfurious.cli.settings import ServerSettings
from tests.unit.cli.conftest import PLAIN, RunCommand, WriteService


def _config(command: RunCommand, *words: str) -> dict[str, Any]:
    done = command("config", "--json", *words)
    assert done.code == 0, done.err
    return {row["variable"]: row for row in json.loads(done.out)}


def test_config_says_where_each_value_came_from(
    command: RunCommand, write_service: WriteService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Environment, then file, then default."""
    write_service(PLAIN)
    Path(".env").write_text("PORT=9001\nSHUTDOWN_DELAY=2\n", encoding="utf-8")
    monkeypatch.setenv("PORT", "9002")
    rows = _config(command)
    assert (rows["PORT"]["value"], rows["PORT"]["source"]) == ("9002", "environment")
    assert (rows["SHUTDOWN_DELAY"]["value"], rows["SHUTDOWN_DELAY"]["source"]) == ("2.0", ".env")
    assert rows["HOST"]["source"] == "default"


def test_config_masks_secrets(
    command: RunCommand, write_service: WriteService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret is neither in the table nor in the JSON; one that is not set is empty."""
    write_service(PLAIN)
    assert _config(command)["SSL_KEYFILE_PASSWORD"]["value"] == ""
    monkeypatch.setenv("SSL_KEYFILE_PASSWORD", "hunter2")
    done = command("config")
    assert "hunter2" not in done.out and "**********" in done.out
    assert _config(command)["SSL_KEYFILE_PASSWORD"]["value"] == "**********"


def test_config_shows_the_services_own_settings_once(
    command: RunCommand, write_service: WriteService
) -> None:
    """Settings that a service adds are listed with the others, each variable once."""
    write_service(
        "from pydantic import Field\n"
        "from fastnfurious import FastNFuriousAPI, FastNFuriousSettings\n"
        "class Own(FastNFuriousSettings):\n    shelf: int = Field(3, description='Shelf.')\n"
        "app = FastNFuriousAPI(settings=Own)\n"
    )
    out = command("config").out
    assert out.startswith("VARIABLE ")
    names = [line.split()[0] for line in out.splitlines()]
    assert "SHELF" in names and len(names) == len(set(names))


def test_an_env_file_can_be_chosen(command: RunCommand, write_service: WriteService) -> None:
    """``--env-file`` wins over ``.env``."""
    write_service(PLAIN)
    Path("other.env").write_text("PORT=9003\n", encoding="utf-8")
    assert _config(command, "--env-file", "other.env")["PORT"]["value"] == "9003"


@pytest.mark.parametrize("name", ["start", "check", "config"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "The file {path} cannot be read: no such file or directory"),
        (b"A=1\n\xff\xfe", "The file {path} is not UTF-8 text"),
        (b"A=1\nthis is no setting\n", "{path}:2 is not of the form NAME=value"),
    ],
)
def test_an_env_file_that_cannot_be_read_is_one_line(
    command: RunCommand, tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    """The file, and the line in it, are named."""
    path = tmp_path / "wrong.env"
    if content is not None:
        path.write_bytes(content)
    done = command(name, "--env-file", "wrong.env")
    assert done.code == 2 and message.format(path=path) in done.line


def test_a_missing_env_file_named_by_the_environment_is_an_error(
    command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the default file may be missing."""
    monkeypatch.setenv("ENV_FILE", "none.env")
    assert "none.env cannot be read" in command("config").line


def test_a_folder_called_env_is_no_file_of_variables(
    command: RunCommand, write_service: WriteService, tmp_path: Path
) -> None:
    """Some virtual environments are called ``.env``; a service starts beside one."""
    write_service(PLAIN)
    (tmp_path / ".env").mkdir()
    assert command("config").code == 0


def test_every_wrong_setting_is_a_line(
    command: RunCommand, write_service: WriteService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faults of all classes are shown at once, one line each."""
    write_service(PLAIN)
    for variable, value in {
        "ENVIRONMENT": "moon",
        "LOG_LEVEL": "loud",
        "HEALTH_CACHE_SECONDS": "-1",
        "WORKERS": "many",
    }.items():
        monkeypatch.setenv(variable, value)
    done = command("config")
    assert done.code == 2
    lines = done.err.splitlines()
    assert [line.split()[1].partition("=")[0] for line in lines] == [
        "ENVIRONMENT",
        "LOG_LEVEL",
        "HEALTH_CACHE_SECONDS",
        "WORKERS",
    ]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--port", "abc"),
        ("--port", "99999"),
        ("--port", "-1"),
        ("--workers", "0"),
        ("--shutdown-delay", "soon"),
        ("--shutdown-timeout", "0"),
        ("--backlog", "0"),
        ("--ssl-certfile", "none.pem"),
        ("--host", ""),
    ],
)
def test_a_wrong_option_is_named_as_it_was_typed(
    command: RunCommand, option: str, value: str
) -> None:
    """The line names the option, not the variable, and what is accepted."""
    done = command("start", f"{option}={value}")
    assert done.code == 2
    assert done.line.startswith(f"shop-service: {option}={value!r} is not accepted: ")


def test_an_option_wins_over_the_environment(
    command: RunCommand, write_service: WriteService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable is not even looked at when the option is given."""
    write_service(PLAIN)
    monkeypatch.setenv("PORT", "abc")
    monkeypatch.setenv("WORKERS", "3")
    seen: list[ServerSettings] = []

    def serve(launch: Any, sockets: Any) -> int:
        seen.append(launch.settings)
        return 0

    monkeypatch.setattr(start_module, "_serve", serve)
    assert command("start", "--port", "0", "--no-reload").code == 0
    assert (seen[0].port, seen[0].workers, seen[0].reload) == (0, 3, False)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--reload", "--workers", "2"), "--reload works with one worker"),
        (("--ssl-keyfile", "key.pem"), "TLS needs a certificate: set --ssl-certfile"),
        (("--ssl-certfile", "key.pem"), "The TLS files cannot be used"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    command: RunCommand, words: tuple[str, ...], message: str
) -> None:
    """What cannot work together is said before anything starts."""
    Path("key.pem").write_text("nonsense", encoding="utf-8")
    done = command("start", "--port", "0", *words)
    assert done.code == 2 and message in done.line


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a key")
def test_a_wrong_password_of_the_key_is_one_line(command: RunCommand) -> None:
    """OpenSSL is kept from asking on the terminal."""
    subprocess.run(
        "openssl req -x509 -newkey rsa:2048 -keyout key.pem -out cert.pem -days 1"
        " -subj /CN=localhost -passout pass:right",
        shell=True,
        check=True,
        capture_output=True,
    )
    words = ("--port", "0", "--ssl-certfile", "cert.pem", "--ssl-keyfile", "key.pem")
    for password in ((), ("--ssl-keyfile-password", "wrong")):
        assert "The TLS files cannot be used" in command("start", *words, *password).line
