"""One plan for every integration: a newcomer who has read one folder has read all."""

from __future__ import annotations

import pytest

from tests.architecture.sources import Module, packages

PLAN = {"settings.py", "integration.py", "testing.py"}
SERVER = {"contract.py", "client.py", "embedded.py", "fixtures.py"}


def integrations() -> list[Module]:
    """Return the packages that are integrations, complete or not."""
    found = [package for package in packages() if "integration.py" in names_in(package)]
    return [package for package in found if package.name != "fastnfurious.core"]


def names_in(package: Module) -> list[str]:
    """Return the modules of a package; a folder counts as the module of its name."""
    inner = package.path.parent.iterdir()
    return [path.name if path.is_file() else f"{path.name}.py" for path in inner]


def test_integrations_are_found() -> None:
    """The check below looks at something."""
    assert {"fastnfurious.logs", "fastnfurious.tracing", "fastnfurious.metrics"} <= {
        package.name for package in integrations()
    }


@pytest.mark.parametrize("package", integrations(), ids=str)
def test_an_integration_is_complete(package: Module) -> None:
    """Settings, wiring and doubles are where they always are."""
    names = set(names_in(package))
    assert sorted(PLAN - names) == []
    if SERVER & names:
        assert (
            sorted(SERVER - names) == []
        ), "a server needs a contract, both of its clients and fixtures"


def test_a_client_belongs_to_an_integration() -> None:
    """What talks to a server is opened, checked and closed like everything that does."""
    lonely = [
        package.name
        for package in packages()
        if "client.py" in names_in(package) and "integration.py" not in names_in(package)
    ]
    assert lonely == []
