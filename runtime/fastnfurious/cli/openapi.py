"""``openapi``: the document that describes the API."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from fastnfurious.core.errors import ConfigurationError

__all__ = ["show_openapi", "write_atomically"]

_YAML = (".yaml", ".yml")
_SUFFIXES = (".json", *_YAML)

Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="File to write, JSON or YAML by its suffix; printed as JSON otherwise.",
    ),
]


def show_openapi(ctx: typer.Context, output: Output = None) -> None:
    """Print the OpenAPI document, or write it to a file."""
    if output is not None and output.suffix.lower() not in _SUFFIXES:
        raise ConfigurationError(
            f"The suffix of {output} says no format: end it with {', '.join(_SUFFIXES)}"
        )
    document = ctx.obj.load().openapi()
    if output is None:
        sys.stdout.write(_json(document))
        return
    yaml = output.suffix.lower() in _YAML
    write_atomically(output, _yaml(document) if yaml else _json(document))


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that readers see all of the old text or all of the new.

    Raises:
        ConfigurationError: The file cannot be written; what was there is unchanged.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, path.stat().st_mode if path.exists() else 0o644)
        os.replace(name, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(name)
        raise _not_written(path, error) from error


def _not_written(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"{path} cannot be written: {(error.strerror or str(error)).lower()}")


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _yaml(document: dict[str, Any]) -> str:
    import yaml

    # Through JSON, so that both files hold the same: YAML knows dates and aliases of its own.
    plain = json.loads(json.dumps(document))
    text: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)
    return text
