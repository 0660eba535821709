"""Every module is one noun: named, described, complete and small."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator

import pytest

from tests.architecture.sources import Module, modules

BANNED_NAMES = {"utils", "util", "helpers", "helper", "base", "manager", "managers", "common"}
MOST_LINES = 400

PRIVATE = ("_", "pytest_")
"""How names begin that are not for others; pytest itself calls its hooks."""


def offered(module: Module) -> set[str]:
    """Return what a module offers to others: its ``__all__``, read without importing it."""
    lazy = lazy_names_of(module)
    if lazy is not None:
        return {*lazy, "__version__"}
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and "__all__" in ast.dump(node.targets[0]):
            return set(ast.literal_eval(node.value))
    return set()


def lazy_names_of(module: Module) -> dict[str, str] | None:
    """Return the names that a package imports when they are used, and from where."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "lazy_names":
            return dict(ast.literal_eval(node.args[1]))
    return None


OFFERED = {module.name: offered(module) for module in modules()}

every_module = pytest.mark.parametrize("module", modules(), ids=str)


@every_module
def test_a_module_opens_with_its_purpose(module: Module) -> None:
    """The first sentence of a file says what it is for."""
    purpose = ast.get_docstring(module.tree)
    assert purpose, "no docstring"
    first = purpose.split("\n\n")[0]
    assert first.endswith((".", ":", "?")), f"no sentence: {first!r}"


@every_module
def test_a_module_is_named_by_a_noun_of_the_field(module: Module) -> None:
    """A name that fits everything says nothing."""
    assert not BANNED_NAMES & set(module.name.split("."))


@every_module
def test_a_module_fits_into_one_sitting(module: Module) -> None:
    """A file near 400 lines is two nouns."""
    assert len(module.text.splitlines()) < MOST_LINES


@every_module
def test_public_names_are_those_in_all(module: Module) -> None:
    """``__all__`` lists what others may use: neither less than that, nor what is not there."""
    loaded = importlib.import_module(module.name)
    listed = getattr(loaded, "__all__", None)
    defined = {node.name for node in module.definitions() if not node.name.startswith(PRIVATE)}
    if module.is_package and listed is None and not defined:
        return
    assert listed is not None, "no __all__"
    assert len(listed) == len(set(listed)), "a name is listed twice"
    assert sorted(defined - set(listed)) == [], "public but not listed"
    assert [name for name in listed if not hasattr(loaded, name)] == [], "listed but missing"


@pytest.mark.parametrize(
    "package", [each for each in modules() if lazy_names_of(each) is not None], ids=str
)
def test_type_checkers_see_the_lazy_names_and_only_those(package: Module) -> None:
    """A lazy name has its type, and a misspelt one is refused before the program runs."""
    [branch] = [node for node in package.tree.body if isinstance(node, ast.If)]
    assert ast.unparse(branch.test) == "TYPE_CHECKING"
    imports = [node for node in branch.body if isinstance(node, ast.ImportFrom)]
    seen = {alias.asname: node.module for node in imports for alias in node.names}
    assert seen == lazy_names_of(package)
    assert "lazy_names" in "".join(map(ast.unparse, branch.orelse)), "visible to type checkers"


@every_module
def test_only_public_names_are_used_by_others(module: Module) -> None:
    """What one module takes from another, that other one offers."""
    taken = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.module in OFFERED
        for alias in node.names
        if alias.name not in OFFERED[node.module] and f"{node.module}.{alias.name}" not in OFFERED
    ]
    assert taken == []


@every_module
def test_public_names_are_described(module: Module) -> None:
    """Every public class, function and method says what the caller gains."""
    assert [name for name, node in public_nodes(module) if not ast.get_docstring(node)] == []


Described = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def public_nodes(module: Module) -> Iterator[tuple[str, Described]]:
    """Yield the public definitions of a module, and those inside its public classes."""
    for node in module.definitions():
        if node.name.startswith("_"):
            continue
        yield node.name, node
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, Described) and is_for_callers(inner):
                    yield f"{node.name}.{inner.name}", inner


def is_for_callers(node: Described) -> bool:
    """Return whether a member is public; ``__init__`` is described by its class."""
    if any(isinstance(each, ast.Name) and each.id == "overload" for each in node.decorator_list):
        return False
    if any(isinstance(each, ast.Attribute) for each in node.decorator_list if is_setter(each)):
        return False
    special = node.name.startswith("__") and node.name.endswith("__")
    return (special and node.name != "__init__") or not node.name.startswith("_")


def is_setter(node: ast.expr) -> bool:
    """Return whether a decorator makes the setter of a property, which its getter describes."""
    return isinstance(node, ast.Attribute) and node.attr in ("setter", "deleter")
