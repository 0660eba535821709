"""Names that are imported when they are first used."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from fastnfurious.core.lazy import lazy_names


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Register an empty package."""
    module = ModuleType("lazy_package")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def test_a_name_is_imported_once(package: ModuleType) -> None:
    """The second use finds the name on the package itself."""
    find, public = lazy_names(package.__name__, {"Decimal": "decimal", "Base": "x"})
    assert find("Decimal") is package.__dict__["Decimal"]
    assert public == ["Base", "Decimal"]


def test_an_unknown_name_is_an_attribute_error(package: ModuleType) -> None:
    """``hasattr`` and misspelt imports behave as with any package."""
    find, _ = lazy_names(package.__name__, {})
    with pytest.raises(AttributeError, match="module 'lazy_package' has no attribute 'Nothing'"):
        find("Nothing")
