"""Which integrations exist: name → import string → extra.

Nothing is imported until an application asks for a resource, so an integration that is not used
costs nothing. Third parties add theirs under the entry point group ``fastnfurious.integrations``,
and commands of the same name under ``fastnfurious.commands``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING

from fastnfurious.core.errors import IntegrationNotInstalled, UnknownIntegration

if TYPE_CHECKING:
    from fastnfurious.core.integration import Integration

__all__ = ["COMMANDS_GROUP", "ENTRY_POINT_GROUP", "Registry", "RegistryEntry"]

ENTRY_POINT_GROUP = "fastnfurious.integrations"
"""Where a third party's package announces its integrations."""

COMMANDS_GROUP = "fastnfurious.commands"
"""Where it announces the commands that they add, each under its integration's name."""


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """Say where an integration lives and what it needs.

    Attributes:
        name: Attribute of the application, for example ``"nats"``.
        target: Import string of the `Integration`, ``"package.module:Class"``.
        extra: What to install when a requirement is missing, ``"fastnfurious[nats]"``.
        requires: Top-level modules of the drivers; all must be importable.
        attributes: Further attributes of the application that it gives; see
            `Integration.attribute`.
        commands: Import string of the ``typer.Typer`` that the service's command gains. It is
            named here, so that ``--help`` imports the commands and not the integration.
    """

    name: str
    target: str
    extra: str
    requires: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    commands: str | None = None

    @property
    def installed(self) -> bool:
        """Return whether every required driver can be imported, without importing it."""
        return all(find_spec(module) is not None for module in self.requires)

    @property
    def fixtures(self) -> str:
        """Return the module beside the integration that hands out its doubles for tests."""
        module = self.target.partition(":")[0]
        return f"{module.rpartition('.')[0] or module}.fixtures"

    def load(self) -> type[Integration]:
        """Import the integration.

        Raises:
            IntegrationNotInstalled: A required driver is missing.
        """
        if not self.installed:
            missing = ", ".join(name for name in self.requires if find_spec(name) is None)
            raise IntegrationNotInstalled(
                f"The integration {self.name!r} needs {missing}, which is not installed: "
                f"run `pip install '{self.extra}'`"
            )
        module, _, attribute = self.target.partition(":")
        integration: type[Integration] = getattr(import_module(module), attribute)
        return integration


class Registry:
    """Map the names of integrations to where they live.

    Example:
        >>> registry = Registry([RegistryEntry("clock", "clocks:Clock", "clocks", ("no_such",))])
        >>> registry["clock"].installed
        False
    """

    def __init__(self, entries: Iterable[RegistryEntry]) -> None:
        self._entries = {entry.name: entry for entry in entries}

    @classmethod
    def discover(cls) -> Registry:
        """Return our own integrations and those of installed plugins."""
        commands = {point.name: point.value for point in entry_points(group=COMMANDS_GROUP)}
        plugins = (
            RegistryEntry(
                point.name,
                point.value,
                point.dist.name if point.dist else point.name,
                commands=commands.get(point.name),
            )
            for point in entry_points(group=ENTRY_POINT_GROUP)
        )
        return cls((*_BUILT_IN, *plugins))

    def __getitem__(self, name: str) -> RegistryEntry:
        """Return where an integration lives.

        Raises:
            UnknownIntegration: Nothing has that name; the message suggests the nearest one.
        """
        if name in self._entries:
            return self._entries[name]
        near = get_close_matches(name, self._entries, n=1)
        known = ", ".join(sorted(self._entries)) or "none are installed"
        hint = f"did you mean {near[0]!r}?" if near else f"known integrations: {known}"
        raise UnknownIntegration(f"No integration is called {name!r}: {hint}")

    def giver(self, attribute: str) -> RegistryEntry | None:
        """Return the integration that gives a further attribute; ``None`` if none does."""
        entries = self._entries.values()
        return next((entry for entry in entries if attribute in entry.attributes), None)

    def __contains__(self, name: object) -> bool:
        """Return whether an integration has that name."""
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, in the order in which they are opened."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Return how many integrations are known."""
        return len(self._entries)


_BUILT_IN = (
    RegistryEntry(
        "nats",
        "fastnfurious.nats.integration:NatsIntegration",
        "fastnfurious[nats]",
        ("nats",),
        ("create_nats_client",),
        "fastnfurious.nats.command:group",
    ),
    RegistryEntry(
        "s3", "fastnfurious.s3.integration:S3Integration", "fastnfurious[s3]", ("minio",)
    ),
    RegistryEntry(
        "oidc",
        "fastnfurious.oidc.integration:OidcIntegration",
        "fastnfurious[oidc]",
        ("httpx", "joserfc"),
        ("current_user", "optional_user", "require"),
        "fastnfurious.oidc.command:token_group",
    ),
    RegistryEntry(
        "sql",
        "fastnfurious.sql.integration:SqlIntegration",
        "fastnfurious[sql]",
        ("sqlalchemy", "aiosqlite"),
        ("db",),
    ),
)
