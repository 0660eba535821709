"""The picture of the house is true: every package is in it, and imports only go down."""

from __future__ import annotations

import grimp

import house


def test_every_package_has_its_layer() -> None:
    """A new package of the library is drawn, and none is drawn that does not exist."""
    drawn = [name for layer in house.LAYERS for name in layer]
    assert sorted(drawn) == sorted(house.packages())


def test_every_package_is_described() -> None:
    """Each box of the picture says in a sentence what the package is for."""
    assert not [name for name, purpose in house.packages().items() if not purpose]


def test_imports_only_go_down() -> None:
    """No package imports a neighbour or a layer above its own, not even inside a function."""
    graph = grimp.build_graph("fastnfurious", include_external_packages=False)
    height = {name: level for level, layer in enumerate(house.LAYERS) for name in layer}
    upward = []
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            above, below = _package(importer), _package(imported)
            if above in height and below in height and above != below:
                if height[above] >= height[below]:
                    upward.append(f"{importer} imports {imported}")
    assert not upward


def _package(module: str) -> str:
    return (module.split(".") + [""])[1]
