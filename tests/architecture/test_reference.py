"""The API reference is complete: what is public is what is documented."""

from __future__ import annotations

import pytest

import reference
from tests.architecture.sources import Module, modules
from tests.architecture.test_modules import lazy_names_of

PAGES = "\n".join(page.text for page in reference.pages())


@pytest.mark.parametrize("module", modules(), ids=str)
def test_every_module_is_in_the_reference(module: Module) -> None:
    """Each module has its block, from which its ``__all__`` and docstrings are shown."""
    assert f"::: {module.name}\n" in PAGES


@pytest.mark.parametrize("module", modules(), ids=str)
def test_every_lazy_name_leads_to_where_it_is_described(module: Module) -> None:
    """A name that a package offers is linked from the package's page to its own entry."""
    lazy = lazy_names_of(module) or {}
    missing = [name for name, home in lazy.items() if f"[{home}.{name}]" not in PAGES]
    assert missing == []
