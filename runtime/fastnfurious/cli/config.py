"""``config``: the effective settings, and where each came from."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from fastnfurious.cli.effective import effective_settings
from fastnfurious.cli.env_file import EnvFile, use_env_file
from fastnfurious.cli.output import print_table
from fastnfurious.cli.target import Target
from fastnfurious.core.settings import SettingDescription

__all__ = ["show_config"]

Json = Annotated[bool, typer.Option("--json", help="Print JSON in place of a table.")]


def show_config(ctx: typer.Context, env_file: EnvFile = None, as_json: Json = False) -> None:
    """Show the effective settings and where each came from; secrets are masked."""
    use_env_file(env_file)
    target: Target = ctx.obj
    rows = _rows(target)
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False))
        return
    print_table(
        ("VARIABLE", "VALUE", "SOURCE"),
        [(row.variable, row.value or "", row.source or "") for row in rows],
    )


def _rows(target: Target) -> list[SettingDescription]:
    settings = effective_settings(target.load())
    rows = [row for one in settings for row in one.explain()]
    return list({row.variable: row for row in reversed(rows)}.values())[::-1]
