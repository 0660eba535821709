"""The registry of integrations, and what an integration is."""

from __future__ import annotations

import asyncio
import sys
from importlib.metadata import EntryPoint, EntryPoints
from unittest.mock import patch

import pytest

from fastnfurious.core.errors import IntegrationNotInstalled, UnknownIntegration
from fastnfurious.core.health import CheckResult
from fastnfurious.core.integration import Integration, IntegrationStatus, Mode
from fastnfurious.core.registry import COMMANDS_GROUP, ENTRY_POINT_GROUP, Registry, RegistryEntry
from fastnfurious.core.settings import FastNFuriousSettings, Settings


class Lamp(Integration):
    """The least that an integration has to be."""

    name = "lamp"
    settings_class = Settings

    @property
    def resource(self) -> str:
        """Return the resource."""
        return "light"

    @property
    def status(self) -> IntegrationStatus:
        """Return where it is."""
        return IntegrationStatus(Mode.EMBEDDED, "in process")

    async def open(self) -> None:
        """Do nothing."""

    async def aclose(self) -> None:
        """Do nothing."""

    async def check(self) -> CheckResult:
        """Pass."""
        return CheckResult()


def entry(name: str = "lamp", *requires: str) -> RegistryEntry:
    """Return an entry that leads to the integration of this file."""
    return RegistryEntry(name, f"{__name__}:Lamp", f"fastnfurious[{name}]", requires)


def test_an_entry_loads_its_integration(monkeypatch: pytest.MonkeyPatch) -> None:
    """The import string leads to the class."""
    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__, sys))
    monkeypatch.setattr(sys.modules[__name__], "Lamp", Lamp, raising=False)
    assert entry().load() is Lamp


def test_an_integration_drains_without_doing_anything_unless_it_says_so() -> None:
    """An integration that takes no messages has nothing to drain."""
    lamp = Lamp(Settings(), FastNFuriousSettings())
    asyncio.run(lamp.drain())
    assert lamp.status.mode is Mode.EMBEDDED


def test_a_missing_driver_names_the_fix() -> None:
    """The message holds what is missing and the command that installs it."""
    lonely = entry("lamp", "json", "no_such_driver")
    assert not lonely.installed
    with pytest.raises(IntegrationNotInstalled) as caught:
        lonely.load()
    assert str(caught.value) == (
        "The integration 'lamp' needs no_such_driver, which is not installed: "
        "run `pip install 'fastnfurious[lamp]'`"
    )


@pytest.mark.parametrize(
    ("target", "module"),
    [("pkg.lamp.integration:Lamp", "pkg.lamp.fixtures"), ("lamp:Lamp", "lamp.fixtures")],
)
def test_an_entry_knows_where_its_doubles_are(target: str, module: str) -> None:
    """The doubles are in the module called fixtures, beside the integration."""
    assert RegistryEntry("lamp", target, "lamp").fixtures == module


def test_a_registry_is_a_collection_of_names_in_order() -> None:
    """Integrations are opened in the order in which they are listed."""
    registry = Registry([entry("b"), entry("a")])
    assert list(registry) == ["b", "a"]
    assert len(registry) == 2
    assert "a" in registry
    assert "c" not in registry
    assert registry["a"] == entry("a")


@pytest.mark.parametrize(
    ("names", "wanted", "hint"),
    [
        (["lamp"], "lmap", "did you mean 'lamp'?"),
        (["lamp", "bell"], "xyz", "known integrations: bell, lamp"),
        ([], "lamp", "known integrations: none are installed"),
    ],
)
def test_an_unknown_name_is_answered_with_a_hint(names: list[str], wanted: str, hint: str) -> None:
    """The nearest name is suggested, or all of them."""
    with pytest.raises(UnknownIntegration) as caught:
        Registry(map(entry, names))[wanted]
    assert str(caught.value) == f"No integration is called {wanted!r}: {hint}"


def test_plugins_are_found_by_their_entry_point() -> None:
    """An installed package adds an integration without being named anywhere."""
    points = EntryPoints(
        [
            EntryPoint("lamp", "pkg.lamp:Lamp", ENTRY_POINT_GROUP),
            EntryPoint("bell", "pkg.bell:Bell", ENTRY_POINT_GROUP),
            EntryPoint("lamp", "pkg.command:group", COMMANDS_GROUP),
        ]
    )
    with patch("fastnfurious.core.registry.entry_points", lambda group: points.select(group=group)):
        registry = Registry.discover()
    lamp = RegistryEntry("lamp", "pkg.lamp:Lamp", "lamp", commands="pkg.command:group")
    assert registry["lamp"] == lamp
    assert registry["bell"].commands is None
