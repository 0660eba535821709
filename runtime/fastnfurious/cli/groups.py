"""Command groups that integrations add to a service's command, such as ``db`` or ``nats``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from fastnfurious.cli.failures import explain
from fastnfurious.cli.output import complain
from fastnfurious.core.registry import Registry, RegistryEntry

__all__ = ["ServiceGroup"]


class ServiceGroup(TyperGroup):
    """Hold a service's own commands, and find those of integrations when they are looked for.

    An integration's entry in the registry names a ``typer.Typer``. The group is called as that
    object says, or like the integration; its commands find the service's `Target` as ``ctx.obj``.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands and groups."""
        return [*super().list_commands(ctx), *sorted(self._added)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; only one that is not our own makes us look at the integrations."""
        return super().get_command(ctx, cmd_name) or self._added.get(cmd_name)

    @cached_property
    def _added(self) -> dict[str, Any]:
        registry = Registry.discover()
        entries = (registry[name] for name in registry)
        with_commands = [entry for entry in entries if entry.commands and entry.installed]
        return dict(pair for entry in with_commands for pair in _groups(entry))


def _groups(entry: RegistryEntry) -> Iterator[tuple[str, Any]]:
    module, _, attribute = (entry.commands or "").partition(":")
    try:
        group: typer.Typer = getattr(import_module(module), attribute)
    except Exception as error:  # one broken plugin must not take the other commands away
        complain(f"The commands of {entry.name!r} cannot be used", explain(error))
        return
    name = group.info.name if isinstance(group.info.name, str) else entry.name
    yield name, get_command(group)
