"""The examples in docstrings are run, and what they print is compared."""

from __future__ import annotations

import doctest
import importlib
import re

import pytest

from tests.architecture.sources import Module, modules

_EXAMPLE = re.compile(r"^\s*>>> ", re.MULTILINE)


def with_examples() -> list[Module]:
    """Return the modules that hold an example."""
    return [module for module in modules() if _EXAMPLE.search(module.text)]


@pytest.mark.parametrize("module", with_examples(), ids=str)
@pytest.mark.loop_may_block
def test_the_examples_of_a_module_run(module: Module, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader who copies an example gets what it shows."""
    monkeypatch.setenv("ENVIRONMENT", "test")
    found = doctest.DocTestFinder().find(importlib.import_module(module.name))
    examples = [each for each in found if each.examples]
    reached = sum(len(_EXAMPLE.findall(each.docstring or "")) for each in examples)
    assert reached == len(
        _EXAMPLE.findall(module.text)
    ), "an example is where nobody finds it: in a comment, or below a name that is not collected"
    report: list[str] = []
    for each in examples:
        doctest.DocTestRunner().run(each, out=report.append)
    assert not report, "".join(report)


def test_there_are_examples() -> None:
    """The check above looks at something."""
    assert len(with_examples()) > 10
