"""The ``.env`` file that settings are read from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from dotenv.parser import parse_stream

from fastnfurious.core.errors import ConfigurationError
from fastnfurious.core.settings import ENV_FILE_VARIABLE

__all__ = ["EnvFile", "use_env_file"]

EnvFile = Annotated[
    Path | None,
    typer.Option(
        "--env-file",
        metavar="PATH",
        help=f"File of variables; the environment wins. [{ENV_FILE_VARIABLE}; default: .env]",
    ),
]


def use_env_file(path: Path | None) -> None:
    """Let settings be read from a file, in this process and in those that it starts.

    Args:
        path: The file; ``None`` for the one that ``ENV_FILE`` names, or ``.env`` if there is one.

    Raises:
        ConfigurationError: The file cannot be read, or a line is not a variable.
    """
    if path is not None:
        os.environ[ENV_FILE_VARIABLE] = str(path.absolute())
    named = os.environ.get(ENV_FILE_VARIABLE)
    chosen = Path(named or ".env")
    # A virtual environment is sometimes called .env, so only a file is meant by the default.
    if named or chosen.is_file():
        _check(chosen)


def _check(path: Path) -> None:
    try:
        with path.open(encoding="utf-8") as file:
            wrong = [binding.original for binding in parse_stream(file) if binding.error]
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ConfigurationError(f"The file {path} cannot be read: {why}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"The file {path} is not UTF-8 text: {error.reason}") from error
    if wrong:
        number = wrong[0].line
        raise ConfigurationError(f"{path}:{number} is not of the form NAME=value")
